#pragma once

#include <stdint.h>

/// Replaces what gettimeofday(2) tells this thread by `nanoseconds` since the epoch.
void virtual_clock_set(int64_t nanoseconds);

/// Gives this thread the real clock back.
void virtual_clock_clear(void);

/// How often gettimeofday was answered with virtual time on this thread.
uint64_t virtual_clock_reads(void);
