#ifndef COLLOQUE_CLOAD_H
#define COLLOQUE_CLOAD_H

#include <stdint.h>

/* Many clients behind one socket: every datagram names the loopback address it leaves from, and tells the one it
 * came to. Addresses and ports in host order. */
struct colloque_load_datagram {
  uint32_t near;
  uint32_t far;
  uint16_t far_port;
  uint16_t length;
  /* When the kernel took it in: CLOCK_REALTIME, nanoseconds. */
  int64_t received;
  uint8_t *octets;
};

enum { COLLOQUE_LOAD_BATCH = 64, COLLOQUE_LOAD_ROOM = 1500 };

/* A non-blocking socket on every local address, 16 MiB of buffer each way (as far as permitted), `*port` bound, or
 * one above it. Negative: errno. */
int colloque_load_socket(uint16_t *port);

/* Sends up to COLLOQUE_LOAD_BATCH. Returns how many the kernel took. */
int colloque_load_send(int socket, const struct colloque_load_datagram *datagrams, int count);

/* Receives up to COLLOQUE_LOAD_BATCH into octets with COLLOQUE_LOAD_ROOM each. Returns how many; 0: none. */
int colloque_load_receive(int socket, struct colloque_load_datagram *datagrams, int count);

/* Waits for a datagram, `milliseconds` at most. */
void colloque_load_wait(int socket, int milliseconds);

/* Sleeps until CLOCK_MONOTONIC shows `nanoseconds`, without the timer slack of an ordinary thread. */
void colloque_load_sleep_until(int64_t nanoseconds);

#endif
