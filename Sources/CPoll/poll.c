#define _GNU_SOURCE
#include "CPoll.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int colloque_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int colloque_wait(struct pollfd *entries, unsigned long count, int64_t nanoseconds) {
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return ppoll(entries, count, &limit, 0);
}

int colloque_route_socket(void) {
  struct sockaddr_nl address = {0};
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return -1;
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
    close(descriptor);
    return -1;
  }
  return descriptor;
}

/* struct sched_attr (sched_setattr(2)) in its first version, under a name that no C library has. */
struct scheduling {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

static int ordinary_scheduling(struct scheduling *scheduling) {
  memset(scheduling, 0, sizeof *scheduling);
  return syscall(SYS_sched_getattr, 0, scheduling, sizeof *scheduling, 0) == 0 && scheduling->policy == SCHED_OTHER;
}

int64_t colloque_ask_for_short_slices(void) {
  struct scheduling scheduling;
  if (!ordinary_scheduling(&scheduling)) return 0;
  scheduling.size = sizeof scheduling;
  scheduling.runtime = 100000; /* the kernel's least */
  if (syscall(SYS_sched_setattr, 0, &scheduling, 0) != 0 || !ordinary_scheduling(&scheduling)) return 0;
  return (int64_t)scheduling.runtime;
}

void colloque_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int colloque_forbid_dumps(void) {
  static const int crashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP};
  struct rlimit none = {0, 0};
  for (unsigned long i = 0; i < sizeof crashes / sizeof *crashes; i++) signal(crashes[i], SIG_DFL);
  int limited = setrlimit(RLIMIT_CORE, &none);
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && limited == 0 ? 0 : -1;
}
