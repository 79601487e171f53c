#include <stdint.h>

/* Heap allocations of the whole process since its start. */
uint64_t colloque_allocation_count(void);
