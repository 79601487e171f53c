#define _GNU_SOURCE
#include "CLoad.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

union control {
  char room[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct timespec))];
  struct cmsghdr aligned;
};

int colloque_load_socket(uint16_t *port) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int yes = 1, size = 8 << 20;
  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size)) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  for (int attempt = 0; attempt < 1000; attempt++, ++*port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    if (!bind(fd, (struct sockaddr *)&address, sizeof address)) return fd;
  }
  int error = errno;
  close(fd);
  return -error;
}

int colloque_load_send(int fd, const struct colloque_load_datagram *datagrams, int count) {
  struct mmsghdr messages[COLLOQUE_LOAD_BATCH];
  struct iovec vectors[COLLOQUE_LOAD_BATCH];
  struct sockaddr_in addresses[COLLOQUE_LOAD_BATCH];
  union control controls[COLLOQUE_LOAD_BATCH];
  if (count > COLLOQUE_LOAD_BATCH) count = COLLOQUE_LOAD_BATCH;
  for (int i = 0; i < count; i++) {
    const struct colloque_load_datagram *one = &datagrams[i];
    vectors[i] = (struct iovec){one->octets, one->length};
    addresses[i] = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(one->far_port), .sin_addr.s_addr = htonl(one->far)};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &addresses[i],
        .msg_namelen = sizeof addresses[i],
        .msg_iov = &vectors[i],
        .msg_iovlen = 1,
        .msg_control = &controls[i],
        .msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo)),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&messages[i].msg_hdr);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(one->near)};
    memcpy(CMSG_DATA(header), &info, sizeof info);
  }
  int sent = 0;
  while (sent < count) {
    int some = sendmmsg(fd, messages + sent, count - sent, 0);
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) break;
    sent += some;
  }
  return sent;
}

int colloque_load_receive(int fd, struct colloque_load_datagram *datagrams, int count) {
  struct mmsghdr messages[COLLOQUE_LOAD_BATCH];
  struct iovec vectors[COLLOQUE_LOAD_BATCH];
  struct sockaddr_in addresses[COLLOQUE_LOAD_BATCH];
  union control controls[COLLOQUE_LOAD_BATCH];
  if (count > COLLOQUE_LOAD_BATCH) count = COLLOQUE_LOAD_BATCH;
  for (int i = 0; i < count; i++) {
    vectors[i] = (struct iovec){datagrams[i].octets, COLLOQUE_LOAD_ROOM};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &addresses[i],
        .msg_namelen = sizeof addresses[i],
        .msg_iov = &vectors[i],
        .msg_iovlen = 1,
        .msg_control = &controls[i],
        .msg_controllen = sizeof controls[i],
    };
  }
  int received = recvmmsg(fd, messages, count, MSG_DONTWAIT, 0);
  if (received <= 0) return 0;
  for (int i = 0; i < received; i++) {
    struct colloque_load_datagram *one = &datagrams[i];
    one->length = messages[i].msg_len;
    one->far = ntohl(addresses[i].sin_addr.s_addr);
    one->far_port = ntohs(addresses[i].sin_port);
    one->near = 0;
    one->received = 0;
    struct msghdr *header = &messages[i].msg_hdr;
    for (struct cmsghdr *each = CMSG_FIRSTHDR(header); each; each = CMSG_NXTHDR(header, each)) {
      if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(each), sizeof info);
        one->near = ntohl(info.ipi_addr.s_addr);
      } else if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_TIMESTAMPNS) {
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(each), sizeof stamp);
        one->received = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
      }
    }
  }
  return received;
}

void colloque_load_wait(int fd, int milliseconds) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  poll(&entry, 1, milliseconds);
}

void colloque_load_sleep_until(int64_t nanoseconds) {
  static _Thread_local int slackless;
  if (!slackless) slackless = 1 + prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  struct timespec until = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0) == EINTR) {
  }
}
