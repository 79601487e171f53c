#ifndef COLLOQUE_CDATAGRAMS_H
#define COLLOQUE_CDATAGRAMS_H

#include <stdint.h>

/* Many clients behind one socket: every datagram names the loopback address it leaves from, and tells the one it
 * came to. Addresses and ports in host order. */
struct colloque_datagram {
  uint32_t near;
  uint32_t far;
  uint16_t far_port;
  uint16_t length;
  /* When the kernel took it in: CLOCK_REALTIME, nanoseconds. */
  int64_t received;
  uint8_t *octets;
};

enum { COLLOQUE_DATAGRAM_BATCH = 64, COLLOQUE_DATAGRAM_ROOM = 1500 };

/* A non-blocking socket on every local address, 16 MiB of buffer each way (as far as permitted), `*port` bound, or
 * one above it. Negative: errno. */
int colloque_datagram_socket(uint16_t *port);

/* Sends up to COLLOQUE_DATAGRAM_BATCH. Returns how many the kernel took. */
int colloque_datagram_send(int socket, const struct colloque_datagram *datagrams, int count);

/* Receives up to COLLOQUE_DATAGRAM_BATCH into octets with COLLOQUE_DATAGRAM_ROOM each. Returns how many; 0: none. */
int colloque_datagram_receive(int socket, struct colloque_datagram *datagrams, int count);

/* Waits for a datagram, `milliseconds` at most. */
void colloque_datagram_wait(int socket, int milliseconds);

/* Sleeps until CLOCK_MONOTONIC shows `nanoseconds`, without the timer slack of an ordinary thread. */
void colloque_sleep_until(int64_t nanoseconds);

#endif
