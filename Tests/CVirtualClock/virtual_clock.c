// libssl keeps its DTLS retransmission timer by gettimeofday(2) and has no way to be told another
// time. A test executable that links this file defines the symbol itself; the dynamic linker finds
// the executable's definition before libc's, so simulated handshakes run in virtual time. Threads
// that never set a time keep the real clock.

#define _GNU_SOURCE
#include "virtual_clock.h"

#include <stdbool.h>
#include <sys/time.h>
#include <time.h>

static _Thread_local bool is_virtual;
static _Thread_local int64_t virtual_nanoseconds;
static _Thread_local uint64_t reads;

void virtual_clock_set(int64_t nanoseconds) {
    is_virtual = true;
    virtual_nanoseconds = nanoseconds;
}

void virtual_clock_clear(void) { is_virtual = false; }

uint64_t virtual_clock_reads(void) { return reads; }

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict result, void *restrict zone) {
    (void)zone;
    if (is_virtual) {
        reads += 1;
        result->tv_sec = virtual_nanoseconds / 1000000000;
        result->tv_usec = virtual_nanoseconds / 1000 % 1000000;
        return 0;
    }
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    result->tv_sec = now.tv_sec;
    result->tv_usec = now.tv_nsec / 1000;
    return 0;
}
