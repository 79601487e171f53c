#ifndef COLLOQUE_CPOLL_H
#define COLLOQUE_CPOLL_H

#include <poll.h>
#include <stdint.h>

/* A descriptor that counts letters: non-blocking, closed on exec. */
int colloque_eventfd(void);

/* Sleeps until a descriptor is readable, for at most `nanoseconds`. */
int colloque_wait(struct pollfd *entries, unsigned long count, int64_t nanoseconds);

/* Hears of changes to links, addresses and routes (rtnetlink(7)): non-blocking, closed on exec; -1 if there is none. */
int colloque_route_socket(void);

/* Asks the scheduler for the shortest slices for the calling thread, which any process may (Linux 6.12,
   sched_setattr(2)): of threads that have had as much of the processor, one that wants little at a time runs first. It
   gets no more time for that, and keeps its class and nice value; nothing happens in another class than the ordinary
   one, or where the kernel knows no such wish. Returns the slice that holds from now on, in nanoseconds, or 0. */
int64_t colloque_ask_for_short_slices(void);

/* Names the calling thread for those who look at the process from outside; at most 15 octets. */
void colloque_name_thread(const char *name);

/* No core dump of this process, no look into it by others of the same user (PR_SET_DUMPABLE), and no crash report that
   prints registers and memory; 0 when all holds. */
int colloque_forbid_dumps(void);

#endif
