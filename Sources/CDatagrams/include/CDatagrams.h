#ifndef COLLOQUE_CDATAGRAMS_H
#define COLLOQUE_CDATAGRAMS_H

#include <stdint.h>

/* Whom a datagram of a batch is from or for, and where it stands in which buffer. */
struct colloque_datagram {
  uint8_t address[16]; /* IPv4 in the first four octets */
  uint16_t port;       /* host order */
  uint8_t is_ipv6;
  uint8_t tag;         /* the caller's */
  uint32_t slot;
  uint32_t offset;
  uint32_t length;
  int64_t stamp;       /* when the system received it, nanoseconds of CLOCK_REALTIME; 0 where it does not say */
};

/* Buffers and message headers for many datagrams per system call; used by one thread. */
typedef struct colloque_batch colloque_batch;

/* `headroom` octets are left free in front of what is received, and `tailroom` behind. Null without memory. */
colloque_batch *colloque_batch_new(uint32_t count, uint32_t slot_size, uint32_t headroom, uint32_t tailroom);
void colloque_batch_free(colloque_batch *batch);
/* Has what is received say when it came, from sockets of `colloque_stamp_arrivals`. Returns 0, or -1 without memory. */
int colloque_batch_read_stamps(colloque_batch *batch);
int colloque_stamp_arrivals(int descriptor);
uint8_t *colloque_batch_slot(colloque_batch *batch, uint32_t slot);

/* Receives up to the batch's count without waiting; slot i holds datagram i. Those that were cut have length 0.
   Returns how many, 0 when there are none. */
int colloque_batch_receive(colloque_batch *batch, int descriptor, struct colloque_datagram *datagrams);

/* Sends `count` datagrams. One that the system refuses is lost like any other; the rest goes on. Returns how many
   were refused. */
int colloque_batch_send(colloque_batch *batch, int descriptor, const struct colloque_datagram *datagrams, int count);

/* Sends one datagram, from any thread. The address as in a batch. */
void colloque_send(int descriptor, const void *octets, uint32_t length, const uint8_t *address, int is_ipv6,
                   uint16_t port);

/* A bound non-blocking UDP socket, or -errno. `address` as above, port 0 for any. `port` receives the one it got. */
int colloque_datagram_socket(const uint8_t *address, int is_ipv6, uint16_t *port, int is_shared, int buffer_size);

/* epoll(7): level-triggered, read only. Each descriptor has a tag. */
int colloque_poller_new(void);
int colloque_poller_add(int poller, int descriptor, uint32_t tag);
/* Waits at most `nanoseconds`, for ever when negative; writes the tags of what is readable, returns how many. */
int colloque_poller_wait(int poller, uint32_t *tags, int count, int64_t nanoseconds);

/* Sleeps for so long, whatever comes. */
void colloque_pause(int64_t nanoseconds);

#endif
