#define _GNU_SOURCE
#include "CPoll.h"

#include <sys/eventfd.h>
#include <time.h>

int colloque_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int colloque_wait(struct pollfd *entries, unsigned long count, int64_t nanoseconds) {
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return ppoll(entries, count, &limit, 0);
}
