#define _GNU_SOURCE
#include "CDatagrams.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct colloque_batch {
  uint32_t count, slot_size, headroom, tailroom;
  uint8_t *slots;
  struct mmsghdr *messages;
  struct iovec *vectors;
  struct sockaddr_in6 *names; /* large enough for either family */
  struct stamp *stamps;       /* null where nobody asks */
};

/* Room for one control message with a time. */
struct stamp {
  _Alignas(struct cmsghdr) uint8_t octets[CMSG_SPACE(sizeof(struct timespec))];
};

colloque_batch *colloque_batch_new(uint32_t count, uint32_t slot_size, uint32_t headroom, uint32_t tailroom) {
  colloque_batch *batch = calloc(1, sizeof *batch);
  if (!batch) return 0;
  *batch = (colloque_batch){.count = count, .slot_size = slot_size, .headroom = headroom, .tailroom = tailroom};
  batch->slots = calloc(count, slot_size);
  batch->messages = calloc(count, sizeof *batch->messages);
  batch->vectors = calloc(count, sizeof *batch->vectors);
  batch->names = calloc(count, sizeof *batch->names);
  if (batch->slots && batch->messages && batch->vectors && batch->names) return batch;
  colloque_batch_free(batch);
  return 0;
}

void colloque_batch_free(colloque_batch *batch) {
  free(batch->slots);
  free(batch->messages);
  free(batch->vectors);
  free(batch->names);
  free(batch->stamps);
  free(batch);
}

int colloque_batch_read_stamps(colloque_batch *batch) {
  batch->stamps = calloc(batch->count, sizeof *batch->stamps);
  return batch->stamps ? 0 : -1;
}

int colloque_stamp_arrivals(int descriptor) {
  int one = 1;
  return setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
}

static int64_t stamp_of(struct msghdr *message) {
  struct cmsghdr *control = CMSG_FIRSTHDR(message);
  if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS) return 0;
  struct timespec time;
  memcpy(&time, CMSG_DATA(control), sizeof time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

uint8_t *colloque_batch_slot(colloque_batch *batch, uint32_t slot) {
  return batch->slots + (size_t)slot * batch->slot_size;
}

int colloque_batch_receive(colloque_batch *batch, int descriptor, struct colloque_datagram *datagrams) {
  for (uint32_t i = 0; i < batch->count; i++) {
    batch->vectors[i].iov_base = colloque_batch_slot(batch, i) + batch->headroom;
    batch->vectors[i].iov_len = batch->slot_size - batch->headroom - batch->tailroom;
    batch->messages[i].msg_hdr = (struct msghdr){.msg_name = &batch->names[i],
                                                 .msg_namelen = sizeof batch->names[i],
                                                 .msg_iov = &batch->vectors[i],
                                                 .msg_iovlen = 1};
    if (batch->stamps) {
      batch->messages[i].msg_hdr.msg_control = batch->stamps[i].octets;
      batch->messages[i].msg_hdr.msg_controllen = sizeof batch->stamps[i].octets;
    }
  }
  int count, tries = 0;
  do {
    count = recvmmsg(descriptor, batch->messages, batch->count, MSG_DONTWAIT, 0);
    /* An ICMP error of some earlier datagram stands in the way once; it ends nothing. */
  } while (count < 0 && errno != EAGAIN && ++tries < 8);
  if (count < 0) return 0;
  for (int i = 0; i < count; i++) {
    struct colloque_datagram *datagram = &datagrams[i];
    int is_cut = batch->messages[i].msg_hdr.msg_flags & MSG_TRUNC;
    datagram->slot = (uint32_t)i;
    datagram->offset = batch->headroom;
    datagram->length = is_cut ? 0 : batch->messages[i].msg_len;
    datagram->stamp = batch->stamps ? stamp_of(&batch->messages[i].msg_hdr) : 0;
    if (batch->names[i].sin6_family == AF_INET6) {
      datagram->is_ipv6 = 1;
      datagram->port = ntohs(batch->names[i].sin6_port);
      memcpy(datagram->address, &batch->names[i].sin6_addr, 16);
    } else {
      const struct sockaddr_in *name = (const struct sockaddr_in *)&batch->names[i];
      datagram->is_ipv6 = 0;
      datagram->port = ntohs(name->sin_port);
      memcpy(datagram->address, &name->sin_addr, 4);
    }
  }
  return count;
}

static socklen_t write_name(struct sockaddr_in6 *name, const uint8_t *address, uint16_t port, int is_ipv6) {
  memset(name, 0, sizeof *name);
  if (is_ipv6) {
    name->sin6_family = AF_INET6;
    name->sin6_port = htons(port);
    memcpy(&name->sin6_addr, address, 16);
    return sizeof(struct sockaddr_in6);
  }
  struct sockaddr_in *ipv4 = (struct sockaddr_in *)name;
  ipv4->sin_family = AF_INET;
  ipv4->sin_port = htons(port);
  memcpy(&ipv4->sin_addr, address, 4);
  return sizeof(struct sockaddr_in);
}

int colloque_batch_send(colloque_batch *batch, int descriptor, const struct colloque_datagram *datagrams, int count) {
  for (int i = 0; i < count; i++) {
    const struct colloque_datagram *datagram = &datagrams[i];
    socklen_t length = write_name(&batch->names[i], datagram->address, datagram->port, datagram->is_ipv6);
    batch->vectors[i].iov_base = colloque_batch_slot(batch, datagram->slot) + datagram->offset;
    batch->vectors[i].iov_len = datagram->length;
    batch->messages[i].msg_hdr = (struct msghdr){
        .msg_name = &batch->names[i], .msg_namelen = length, .msg_iov = &batch->vectors[i], .msg_iovlen = 1};
  }
  int done = 0, refused = 0;
  while (done < count) {
    int sent = sendmmsg(descriptor, batch->messages + done, (unsigned)(count - done), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += sent;
    } else if (sent < 0 && errno == EINTR) {
      continue;
    } else {
      done++;
      refused++;
    }
  }
  return refused;
}

void colloque_send(int descriptor, const void *octets, uint32_t length, const uint8_t *address, int is_ipv6,
                   uint16_t port) {
  struct sockaddr_in6 name;
  socklen_t size = write_name(&name, address, port, is_ipv6);
  sendto(descriptor, octets, length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&name, size);
}

int colloque_datagram_socket(const uint8_t *address, int is_ipv6, uint16_t *port, int is_shared, int buffer_size) {
  int descriptor = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  int one = 1;
  struct sockaddr_in6 name;
  socklen_t length = write_name(&name, address, *port, is_ipv6);
  if (is_ipv6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  /* What must not be fragmented needs no identifier, and drawing one is a tenth of what a packet costs here. */
  int whole = IP_PMTUDISC_PROBE;
  if (!is_ipv6) setsockopt(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole);
  if (is_shared) setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer_size, sizeof buffer_size);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size);
  if (bind(descriptor, (struct sockaddr *)&name, length) != 0 ||
      getsockname(descriptor, (struct sockaddr *)&name, &length) != 0) {
    int failure = errno;
    close(descriptor);
    return -failure;
  }
  *port = ntohs(is_ipv6 ? name.sin6_port : ((struct sockaddr_in *)&name)->sin_port);
  return descriptor;
}

int colloque_poller_new(void) { return epoll_create1(EPOLL_CLOEXEC); }

int colloque_poller_add(int poller, int descriptor, uint32_t tag) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
  return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
}

int colloque_poller_wait(int poller, uint32_t *tags, int count, int64_t nanoseconds) {
  struct epoll_event events[16];
  if (count > 16) count = 16;
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  int ready = epoll_pwait2(poller, events, count, nanoseconds < 0 ? 0 : &limit, 0);
  if (ready < 0 && errno != EINTR) { /* an older kernel, or a filter that does not know the call */
    int milliseconds = nanoseconds < 0 ? -1 : (int)((nanoseconds + 999999) / 1000000);
    ready = epoll_wait(poller, events, count, milliseconds);
  }
  for (int i = 0; i < ready; i++) tags[i] = events[i].data.u32;
  return ready < 0 ? 0 : ready;
}

void colloque_pause(int64_t nanoseconds) {
  struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  nanosleep(&time, 0);
}
