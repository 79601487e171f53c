/*
 * libopus alone, in the rhythm of calls: what nobody who uses it can undercut.
 *
 *     floor SESSIONS SPEECH.wav
 *
 * Encodes and decodes 20 ms of every session each 20 ms, at even distances, and sleeps in between; no socket, no other
 * end. Says "flowing" at once, and on SIGTERM what it did, as JSON.
 */
#include <opus/opus.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { rate = 48000, frame = rate / 50, longest_speech = 60 * rate, most_sessions = 512, wav_header = 44 };

struct session {
  OpusEncoder *encoder;
  OpusDecoder *decoder;
  int block;
};

static volatile sig_atomic_t is_over;
static opus_int16 speech[longest_speech];
static struct session sessions[most_sessions];

static void stop(int number) {
  (void)number;
  is_over = 1;
}

static int open_session(struct session *session, int block) {
  int code = OPUS_OK, failed = 0;
  session->encoder = opus_encoder_create(rate, 1, OPUS_APPLICATION_VOIP, &code);
  if (code != OPUS_OK) return -1;
  session->decoder = opus_decoder_create(rate, 1, &code);
  if (code != OPUS_OK) return -1;
  failed |= opus_encoder_ctl(session->encoder, OPUS_SET_BITRATE(32000));
  failed |= opus_encoder_ctl(session->encoder, OPUS_SET_VBR(0));
  failed |= opus_encoder_ctl(session->encoder, OPUS_SET_COMPLEXITY(5));
  failed |= opus_encoder_ctl(session->encoder, OPUS_SET_INBAND_FEC(1));
  failed |= opus_encoder_ctl(session->encoder, OPUS_SET_PACKET_LOSS_PERC(10));
  failed |= opus_encoder_ctl(session->encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
  session->block = block;
  return failed ? -1 : 0;
}

/* Whether a packet went both ways. */
static int beat(struct session *session, int blocks) {
  static unsigned char packet[400];
  static opus_int16 heard[frame];
  int octets = opus_encode(session->encoder, speech + session->block * frame, frame, packet, sizeof packet);
  session->block = (session->block + 1) % blocks;
  return octets > 0 && opus_decode(session->decoder, packet, octets, heard, frame, 0) == frame;
}

int main(int count, char **arguments) {
  int number = count == 3 ? atoi(arguments[1]) : 0;
  FILE *file = count == 3 ? fopen(arguments[2], "rb") : NULL;
  if (number < 1 || number > most_sessions || !file || fseek(file, wav_header, SEEK_SET)) return 64;
  int blocks = (int)fread(speech, sizeof *speech, longest_speech, file) / frame;
  if (blocks < 1) return 65;
  for (int i = 0; i < number; i++)
    if (open_session(sessions + i, i * blocks / number)) return 70;
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, NULL);
  puts("flowing");
  fflush(stdout);
  struct timespec due;
  clock_gettime(CLOCK_MONOTONIC, &due);
  long done = 0;
  while (!is_over) {
    for (int i = 0; i < number && !is_over; i++) {
      done += beat(sessions + i, blocks);
      due.tv_nsec += 20000000 / number;
      if (due.tv_nsec >= 1000000000) {
        due.tv_nsec -= 1000000000;
        due.tv_sec++;
      }
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
  }
  printf("{\"sent\": %ld, \"decoded\": %ld}\n", done, done);
  return 0;
}
