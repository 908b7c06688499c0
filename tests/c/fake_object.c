#include "check.h"
#include "fake_host.h"

object none = {.references = 1}, more = {.references = 1}, done = {.references = 1};
object pending = {.references = 1}, failed = {.references = 1};

static atomic_int alive;
static _Thread_local int entered;

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
};
