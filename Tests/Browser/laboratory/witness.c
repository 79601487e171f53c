/*
 * Preloaded into a program: counts its calls of the allocator, of pthread_mutex_lock(3) and of futex(2) through
 * syscall(2), by thread and by the library that makes them. Every 100 ms all counts go to the file $WITNESS as JSON.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

enum kind { NONE, ALLOCATES, LOCKS, WAITS };
static const char *const kinds[] = {"", "allocates", "locks", "waits"};

struct entry {
    _Atomic(uintptr_t) caller;
    _Atomic int kind;
    _Atomic uint64_t count;
};

enum { THREADS = 128, ENTRIES = 1024 };
static struct thread {
    _Atomic int id;
    char name[32];
    struct entry entries[ENTRIES];
} threads[THREADS];
static _Atomic int thread_count;
static _Thread_local struct thread *mine __attribute__((tls_model("initial-exec")));
static _Thread_local int is_writer __attribute__((tls_model("initial-exec")));

static void count(enum kind kind, void *from)
{
    if (is_writer)
        return;
    if (!mine) {
        int index = atomic_fetch_add(&thread_count, 1);
        if (index >= THREADS)
            abort();
        mine = &threads[index];
        mine->id = (int)syscall(SYS_gettid);
    }
    uintptr_t caller = (uintptr_t)from;
    for (size_t place = (caller * 31 + kind) % ENTRIES, tries = 0; tries < ENTRIES; tries++) {
        struct entry *entry = &mine->entries[place];
        if (!entry->caller) {
            entry->kind = kind;
            entry->caller = caller;
        }
        if (entry->caller == caller && entry->kind == (int)kind) {
            entry->count++;
            return;
        }
        place = (place + 1) % ENTRIES;
    }
    abort();
}

#define COUNT(kind) count(kind, __builtin_return_address(0))

void *malloc(size_t size) { COUNT(ALLOCATES); return __libc_malloc(size); }
void *calloc(size_t number, size_t size) { COUNT(ALLOCATES); return __libc_calloc(number, size); }
void *realloc(void *old, size_t size) { COUNT(ALLOCATES); return __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { COUNT(ALLOCATES); return __libc_memalign(alignment, size); }
void *memalign(size_t alignment, size_t size) { COUNT(ALLOCATES); return __libc_memalign(alignment, size); }

int posix_memalign(void **made, size_t alignment, size_t size)
{
    COUNT(ALLOCATES);
    *made = __libc_memalign(alignment, size);
    return *made ? 0 : ENOMEM;
}

/* operator new and new[]: the caller is whoever wrote `new`, not the library of C++. */
static void *made_new(size_t size)
{
    void *made = __libc_malloc(size ? size : 1);
    if (!made)
        abort();
    return made;
}
void *_Znwm(size_t size) { COUNT(ALLOCATES); return made_new(size); }
void *_Znam(size_t size) { COUNT(ALLOCATES); return made_new(size); }

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*_Atomic next)(pthread_mutex_t *);
    if (!next)
        next = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
    COUNT(LOCKS);
    return next(mutex);
}

long syscall(long number, ...)
{
    static long (*_Atomic next)(long, ...);
    if (!next)
        next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    va_list list;
    va_start(list, number);
    long values[6];
    for (int index = 0; index < 6; index++)
        values[index] = va_arg(list, long);
    va_end(list);
    if (number == SYS_futex)
        COUNT(WAITS);
    return next(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

static const char *library(uintptr_t caller)
{
    Dl_info info;
    if (!dladdr((void *)caller, &info) || !info.dli_fname)
        return "unknown";
    const char *slash = strrchr(info.dli_fname, '/');
    return slash ? slash + 1 : info.dli_fname;
}

static void name(struct thread *thread)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", thread->id);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    if (fgets(thread->name, sizeof thread->name, file))
        thread->name[strcspn(thread->name, "\n")] = 0;
    fclose(file);
}

/* Microseconds from one writing to the next. Who reads waits for a new file (witness.py), not for this time. */
static const useconds_t period = 100000;

static void *write_all(void *path)
{
    is_writer = 1;
    char fresh[4096];
    snprintf(fresh, sizeof fresh, "%s.new", (const char *)path);
    for (;;) {
        usleep(period);
        FILE *file = fopen(fresh, "w");
        if (!file)
            continue;
        const char *comma = "[";
        int known = thread_count < THREADS ? thread_count : THREADS;
        for (int index = 0; index < known; index++) {
            struct thread *thread = &threads[index];
            name(thread);
            for (int place = 0; place < ENTRIES; place++) {
                struct entry *entry = &thread->entries[place];
                if (!entry->caller)
                    continue;
                fprintf(file, "%s\n{\"id\":%d,\"thread\":\"%s\",\"does\":\"%s\",\"library\":\"%s\",\"count\":%llu}", comma,
                        thread->id, thread->name, kinds[entry->kind], library(entry->caller),
                        (unsigned long long)entry->count);
                comma = ",";
            }
        }
        fprintf(file, "\n]\n");
        fclose(file);
        rename(fresh, path);
    }
    return NULL;
}

__attribute__((constructor)) static void begin(void)
{
    static char path[4096];
    const char *wanted = getenv("WITNESS");
    if (!wanted)
        return;
    snprintf(path, sizeof path, "%s", wanted);
    pthread_t writer;
    is_writer = 1;
    pthread_create(&writer, NULL, write_all, path);
    is_writer = 0;
}
