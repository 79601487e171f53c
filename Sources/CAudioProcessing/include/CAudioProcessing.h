#ifndef COLLOQUE_CAUDIOPROCESSING_H
#define COLLOQUE_CAUDIOPROCESSING_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Frames are 10 ms: 480 samples, 48 kHz, mono. */
enum { colloque_frame_samples = 480 };

typedef struct colloque_processor colloque_processor;

/* NULL when a library refuses. */
colloque_processor *colloque_processor_create(void);

void colloque_processor_free(colloque_processor *processor);

/*
 * Takes echo and noise out of one frame in two ways. `played` may be heard in `captured` up to 200 ms later.
 *   - `linear`: an adaptive filter, then what it leaves is turned down mildly. One frame late.
 *   - `suppressed`: whatever resembles the far end is turned down hard.
 */
void colloque_processor_cancel(colloque_processor *processor, const int16_t *captured, const int16_t *played,
                               int16_t *linear, int16_t *suppressed);

/* Brings a voice to an even loudness, in place; the lowest tones are taken out. */
void colloque_processor_level(colloque_processor *processor, int16_t *frame);

#ifdef __cplusplus
}
#endif

#endif
