#ifndef COLLOQUE_CAUDIOPROCESSING_H
#define COLLOQUE_CAUDIOPROCESSING_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Frames are 10 ms: 480 samples, 48 kHz, mono. */
enum { colloque_frame_samples = 480 };

enum {
  colloque_cancel_echo = 1 << 0,
  colloque_suppress_noise = 1 << 1,
  colloque_control_gain = 1 << 2,
};

typedef struct colloque_processor colloque_processor;

/* NULL when the library refuses. `parts` are the bits above; the high-pass is always on. */
colloque_processor *colloque_processor_create(int32_t parts);

void colloque_processor_free(colloque_processor *processor);

/* Tells what is being played. 0, or the library's code. */
int32_t colloque_processor_hear(colloque_processor *processor, const int16_t *frame);

/* Cleans what was captured, in place. `delay` in ms: from a frame's hearing to the arrival of its echo here. */
int32_t colloque_processor_process(colloque_processor *processor, int16_t *frame, int32_t delay);

#ifdef __cplusplus
}
#endif

#endif
