#include <stdint.h>

/* Counts the calling thread's calls of malloc, calloc, realloc and posix_memalign from the first call on.
 *
 * The processor counts, by breakpoints that the kernel sets for this thread alone (perf_event_open(2)): no function
 * of the allocator is replaced, so a program that links this and never asks is the same program.
 *
 * Returns the count so far, or minus an errno where the kernel allows no breakpoints: EACCES or EPERM where
 * kernel.perf_event_paranoid is above 2 or a container forbids it, ENOTSUP where breakpoints are set and never met. */
int64_t colloque_allocation_count(void);

/* Octets of the heap in use by the whole process, as the allocator itself has it (mallinfo2(3)). */
uint64_t colloque_heap_in_use(void);
