/*
 * Real time: a thread that pushes and pulls is killed by the kernel at its first system call, and every allocation of it is
 * counted. The library is loaded as a language would, with dlopen: its thread-local variables are allocated at their first use
 * then. Other threads use the library meanwhile, so that a lock, if there were one, would not be free for long.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { PACKETS = 2000, SIZE = 4 * 256 };

/* What is counted, on the thread that asks for it. */
static _Thread_local int counting;
static atomic_int allocations, locks;

#define COUNTED(result, name, parameters, arguments)                                                                   \
    result __libc_##name parameters;                                                                                   \
    result name parameters;                                                                                            \
    result name parameters                                                                                             \
    {                                                                                                                  \
        atomic_fetch_add(&allocations, counting);                                                                      \
        return __libc_##name arguments;                                                                                \
    }

COUNTED(void *, malloc, (size_t size), (size))
COUNTED(void *, calloc, (size_t count, size_t size), (count, size))
COUNTED(void *, realloc, (void *memory, size_t size), (memory, size))
COUNTED(void *, memalign, (size_t alignment, size_t size), (alignment, size))

void __libc_free(void *memory);

void free(void *memory)
{
    atomic_fetch_add(&allocations, counting);
    __libc_free(memory);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = memalign(alignment, size);
    return *memory == NULL ? 12 : 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*lock)(pthread_mutex_t *);
    if (lock == NULL)
        *(void **)&lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
    atomic_fetch_add(&locks, counting);
    return lock(mutex);
}

/* From here on any system call of this thread ends the process, but the one that ends the thread. */
static void forbid_system_calls(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
}

/* The test itself: such a thread is killed for asking which process it is in. */
static void the_filter_bites(void)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        forbid_system_calls();
        syscall(SYS_getppid);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* The library, as dlsym knows it. */
static struct {
    rm_status (*runtime_new)(const rm_runtime_config *, rm_runtime *);
    rm_status (*runtime_free)(rm_runtime);
    rm_status (*pipeline_new)(uint64_t, rm_pipeline *);
    rm_status (*pipeline_free)(rm_pipeline);
    rm_status (*pipeline_add_type)(rm_pipeline, const char *, size_t, const char *, size_t, const char *, size_t);
    rm_status (*session_open)(uint64_t, const rm_session_config *, rm_session *);
    rm_status (*session_free)(rm_session);
    rm_status (*ring_new)(uint64_t, const rm_ring_config *, rm_ring *);
    rm_status (*ring_try_push)(rm_ring, const rm_packet *);
    rm_status (*ring_try_pull)(rm_ring, rm_packet *, void *, size_t);
    rm_status (*ring_get_stats)(rm_ring, rm_ring_stats *);
    rm_status (*ring_free)(rm_ring);
} library;

#define LOAD(handle, name) CHECK((*(void **)&library.name = dlsym((handle), "rm_" #name)) != NULL)

static void load(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        check_fail(__FILE__, __LINE__, dlerror());
    LOAD(handle, runtime_new);
    LOAD(handle, runtime_free);
    LOAD(handle, pipeline_new);
    LOAD(handle, pipeline_free);
    LOAD(handle, pipeline_add_type);
    LOAD(handle, session_open);
    LOAD(handle, session_free);
    LOAD(handle, ring_new);
    LOAD(handle, ring_try_push);
    LOAD(handle, ring_try_pull);
    LOAD(handle, ring_get_stats);
    LOAD(handle, ring_free);
}

static rm_ring in, out, freed;
static atomic_int wrong, full, empty, finished;

static void expect_quietly(rm_status actual, rm_status expected)
{
    atomic_fetch_add(&wrong, actual != expected);
}

/* Everything that can go wrong, which must cost no more than what goes right. */
static void go_wrong(float *samples)
{
    rm_packet packet = RM_PACKET_INIT;
    expect_quietly(library.ring_try_push(freed, &packet), RM_ERR_UNSUPPORTED);
    packet.kind = RM_KIND_BYTES;
    expect_quietly(library.ring_try_push(freed, &packet), RM_ERR_BAD_HANDLE);
    expect_quietly(library.ring_try_push(0, &packet), RM_ERR_BAD_HANDLE);
    expect_quietly(library.ring_try_push(UINT64_MAX, &packet), RM_ERR_BAD_HANDLE);
    expect_quietly(library.ring_try_push(in, NULL), RM_ERR_NULL);
    packet.data = samples;
    packet.size = SIZE + 4;
    expect_quietly(library.ring_try_push(in, &packet), RM_ERR_ARGUMENT);
    expect_quietly(library.ring_try_pull(out, &packet, samples, SIZE - 1), RM_ERR_ARGUMENT);
    expect_quietly(library.ring_try_pull(freed, &packet, samples, SIZE), RM_ERR_BAD_HANDLE);
    packet.kind = RM_KIND_TEXT;
    packet.data = "\xff";
    packet.size = 1;
    expect_quietly(library.ring_try_push(in, &packet), RM_ERR_UTF8);
    packet.struct_size = 3;
    expect_quietly(library.ring_try_push(in, &packet), RM_ERR_ARGUMENT);
}

/* Pushes and pulls until every packet has come back, in order; the ring is full and empty on the way. */
static void push_and_pull(float *samples, float *pulled)
{
    int pushed = 0, received = 0;
    while (received < PACKETS && !atomic_load(&wrong)) {
        rm_packet packet = RM_PACKET_INIT;
        packet.kind = RM_KIND_AUDIO;
        packet.sample_rate = 48000;
        packet.channels = 1;
        packet.pts = pushed;
        packet.data = samples;
        packet.size = SIZE;
        samples[0] = (float)pushed;
        rm_status status = pushed < PACKETS ? library.ring_try_push(in, &packet) : RM_ERR_TIMEOUT;
        if (status == RM_OK)
            pushed++;
        else
            expect_quietly(status, RM_ERR_TIMEOUT);
        atomic_fetch_add(&full, pushed < PACKETS && status == RM_ERR_TIMEOUT);
        status = library.ring_try_pull(out, &packet, pulled, SIZE);
        atomic_fetch_add(&empty, status == RM_ERR_TIMEOUT);
        if (status == RM_ERR_TIMEOUT)
            continue;
        expect_quietly(status, RM_OK);
        atomic_fetch_add(&wrong, packet.pts != received || packet.size != SIZE || pulled[0] != (float)received);
        received++;
    }
}

/* What a sound card calls. It ends without a word to the C library, which might make a system call. */
static void *be_realtime(void *unused)
{
    float samples[SIZE / sizeof(float) + 1] = {0}, pulled[SIZE / sizeof(float)];
    (void)unused;
    forbid_system_calls();
    counting = 1;
    go_wrong(samples);
    push_and_pull(samples, pulled);
    counting = 0;
    atomic_store(&finished, 1);
    syscall(SYS_exit, 0);
    return NULL;
}

/* Meanwhile another thread makes rings and handles, and asks for figures. */
static void make_noise(rm_session session, const rm_ring_config *config)
{
    while (!atomic_load(&finished)) {
        rm_ring ring = 0;
        rm_ring_stats stats = RM_RING_STATS_INIT;
        rm_runtime_config runtime_config = RM_RUNTIME_CONFIG_INIT;
        rm_runtime runtime = 0;
        CHECK(library.ring_new(session, config, &ring) == RM_OK);
        CHECK(library.ring_get_stats(in, &stats) == RM_OK);
        CHECK(library.runtime_new(&runtime_config, &runtime) == RM_OK);
        CHECK(library.ring_free(ring) == RM_OK);
        CHECK(library.runtime_free(runtime) == RM_OK);
    }
}

static void nothing_is_allocated_locked_or_asked_of_the_system(void)
{
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_session_config how = RM_SESSION_CONFIG_INIT;
    rm_ring_config ring_config = RM_RING_CONFIG_INIT;
    rm_runtime runtime = 0;
    rm_pipeline pipeline = 0;
    rm_session session = 0, other = 0;
    CHECK(library.runtime_new(&config, &runtime) == RM_OK);
    CHECK(library.pipeline_new(runtime, &pipeline) == RM_OK);
    CHECK(library.pipeline_add_type(pipeline, TEXT("a"), TEXT("PassThrough"), NULL, 0) == RM_OK);
    CHECK(library.session_open(pipeline, &how, &session) == RM_OK);
    CHECK(library.session_open(pipeline, &how, &other) == RM_OK);
    ring_config.size = SIZE;
    ring_config.capacity = 8;
    ring_config.direction = RM_RING_OUTPUT;
    CHECK(library.ring_new(session, &ring_config, &out) == RM_OK);
    ring_config.direction = RM_RING_INPUT;
    CHECK(library.ring_new(session, &ring_config, &in) == RM_OK);
    CHECK(library.ring_new(session, &ring_config, &freed) == RM_OK);
    CHECK(library.ring_free(freed) == RM_OK);

    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, be_realtime, NULL) == 0);
    make_noise(other, &ring_config);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_INT(atomic_load(&wrong), 0);
    CHECK_INT(atomic_load(&allocations), 0);
    CHECK_INT(atomic_load(&locks), 0);
    CHECK(atomic_load(&full) > 0 && atomic_load(&empty) > 0);
    CHECK(library.ring_free(in) == RM_OK && library.ring_free(out) == RM_OK);
    CHECK(library.session_free(session) == RM_OK && library.session_free(other) == RM_OK);
    CHECK(library.pipeline_free(pipeline) == RM_OK);
    CHECK(library.runtime_free(runtime) == RM_OK);
}

/* The counters count. */
static void allocations_and_locks_are_counted(void)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    counting = 1;
    void *volatile memory = malloc(1);
    free(memory);
    pthread_mutex_lock(&mutex);
    counting = 0;
    pthread_mutex_unlock(&mutex);
    CHECK_INT(atomic_exchange(&allocations, 0), 2);
    CHECK_INT(atomic_exchange(&locks, 0), 1);
}

int main(int count, char **arguments)
{
    CHECK(count == 2);
    the_filter_bites();
    allocations_and_locks_are_counted();
    load(arguments[1]);
    nothing_is_allocated_locked_or_asked_of_the_system();
    puts("nothing_is_allocated_locked_or_asked_of_the_system");
    return 0;
}
