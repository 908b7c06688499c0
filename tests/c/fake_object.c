#include "check.h"
#include "fake_host.h"

object none = {.references = 1}, more = {.references = 1}, done = {.references = 1};
object pending = {.references = 1}, failed = {.references = 1};
object small = {.references = 1}, large = {.references = 1};

static atomic_int alive;
static _Thread_local int entered;
static _Thread_local object *raised;

object *new_object(int value)
{
    object *object = calloc(1, sizeof *object);
    CHECK(object != NULL);
    atomic_init(&object->references, 1);
    object->value = value;
    atomic_fetch_add(&alive, 1);
    return object;
}

object *new_callable(object *(*call)(object *, object *))
{
    object *object = new_object(0);
    object->call = call;
    return object;
}

object *retain(object *object)
{
    CHECK(atomic_fetch_add(&object->references, 1) > 0);
    return object;
}

void release(object *object)
{
    int before = atomic_fetch_sub(&object->references, 1);
    CHECK(before > 0);
    if (before == 1) {
        atomic_fetch_sub(&alive, 1);
        free(object);
    }
}

int objects_alive(void)
{
    return atomic_load(&alive);
}

int inside_host(void)
{
    return entered > 0;
}

/* The table, which like that of CPython has no place for a pointer of ours. */

static int32_t enter(void)
{
    return ++entered;
}

static void leave(int32_t state)
{
    CHECK_INT(state, entered);
    entered--;
}

static void table_retain(void *object)
{
    CHECK(entered > 0);
    retain(object);
}

static void table_release(void *object)
{
    CHECK(entered > 0);
    release(object);
}

static void *call(void *callable, void *argument)
{
    CHECK(entered > 0 && on_worker());
    object *self = callable;
    return self->call(self, argument);
}

static void clear(void)
{
    CHECK(entered > 0);
    if (raised != NULL)
        release(raised);
    raised = NULL;
}

object *raise_error(object *error)
{
    CHECK(raised == NULL);
    raised = error;
    return NULL;
}

/* An error comes as its value; where it was raised is one more than that. */
static void fetch(void **kind, void **error, void **trace)
{
    CHECK(entered > 0 && *kind == NULL && *error == NULL && *trace == NULL);
    if (raised == NULL)
        return;
    *kind = retain(&small);
    *error = raised;
    *trace = raised->value % 2 == 0 ? new_object(raised->value + 1) : NULL;
    raised = NULL;
}

static void normalize(void **kind, void **error, void **trace)
{
    (void)trace;
    CHECK(entered > 0 && (*kind == NULL) == (*error == NULL));
    if (*error == NULL)
        return;
    object *normal = new_object(((object *)*error)->value * 10);
    release(*error);
    *error = normal;
}

static int32_t set_trace(void *error, void *trace)
{
    CHECK(entered > 0);
    ((object *)error)->value += ((object *)trace)->value;
    return 0;
}

/* An object that is called to say why a call has failed. It fails itself at errors that are large. */
static object *tell(object *self, object *error)
{
    (void)self;
    if (error->value >= 100)
        return raise_error(new_object(error->value));
    CHECK_OK(rm_call_fail("raised", 6, retain(error)));
    return retain(&failed);
}

static object fail = {.references = 1, .call = tell};

static void *type_of(void *item)
{
    CHECK(entered > 0);
    return retain(((object *)item)->value < 100 ? &small : &large);
}

const rm_object_table object_table = {
    .struct_size = sizeof object_table,
    .enter = enter,
    .leave = leave,
    .retain = table_retain,
    .release = table_release,
    .call = call,
    .clear = clear,
    .none = &none,
    .more = &more,
    .done = &done,
    .pending = &pending,
    .failed = &failed,
    .fetch = fetch,
    .normalize = normalize,
    .set_trace = set_trace,
    .fail = &fail,
    .type_of = type_of,
};
