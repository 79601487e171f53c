#define WEBRTC_AUDIO_PROCESSING_ONLY_BUILD
#define WEBRTC_POSIX

#include "CAudioProcessing.h"

#include <cstring>
#include <memory>
#include <new>

#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <webrtc/modules/audio_processing/include/audio_processing.h>
#include <webrtc/modules/interface/module_common_types.h>

namespace {

/* What the adaptive filter spans: the way there and back, and the room. */
const int tail_samples = 48 * 200;
/* Of what the filter leaves, in dB: while the near end is silent, and while it speaks. */
spx_int32_t residual_suppression = -40;
spx_int32_t residual_suppression_in_double_talk = -3;
/* For the suppressor's first guess only: it finds the delay by itself. */
const int assumed_delay = 30;

struct EchoFree {
  void operator()(SpeexEchoState *state) const { speex_echo_state_destroy(state); }
};
struct PreprocessFree {
  void operator()(SpeexPreprocessState *state) const { speex_preprocess_state_destroy(state); }
};

void prepare(webrtc::AudioFrame &frame) {
  frame.sample_rate_hz_ = 48000;
  frame.num_channels_ = 1;
  frame.samples_per_channel_ = colloque_frame_samples;
}

std::unique_ptr<webrtc::AudioProcessing> module_at_48_khz(const webrtc::Config &config) {
  std::unique_ptr<webrtc::AudioProcessing> module(webrtc::AudioProcessing::Create(config));
  const auto mono = webrtc::AudioProcessing::kMono;
  if (!module || module->Initialize(48000, 48000, 48000, mono, mono, mono) != 0) return nullptr;
  return module;
}

std::unique_ptr<webrtc::AudioProcessing> make_suppressor() {
  webrtc::Config config;
  config.Set<webrtc::ExtendedFilter>(new webrtc::ExtendedFilter(true));
  config.Set<webrtc::DelayAgnostic>(new webrtc::DelayAgnostic(true));
  auto module = module_at_48_khz(config);
  if (!module) return nullptr;
  int failures = module->echo_cancellation()->enable_drift_compensation(false);
  failures |= module->echo_cancellation()->set_suppression_level(webrtc::EchoCancellation::kModerateSuppression);
  failures |= module->echo_cancellation()->Enable(true);
  failures |= module->noise_suppression()->set_level(webrtc::NoiseSuppression::kModerate);
  failures |= module->noise_suppression()->Enable(true);
  return failures == 0 ? std::move(module) : nullptr;
}

std::unique_ptr<webrtc::AudioProcessing> make_leveller() {
  webrtc::Config config;
  auto module = module_at_48_khz(config);
  if (!module) return nullptr;
  int failures = module->high_pass_filter()->Enable(true);
  failures |= module->gain_control()->set_mode(webrtc::GainControl::kAdaptiveDigital);
  failures |= module->gain_control()->set_target_level_dbfs(6);
  failures |= module->gain_control()->set_compression_gain_db(3);
  failures |= module->gain_control()->enable_limiter(true);
  failures |= module->gain_control()->Enable(true);
  return failures == 0 ? std::move(module) : nullptr;
}

}  // namespace

struct colloque_processor {
  std::unique_ptr<SpeexEchoState, EchoFree> filter;
  std::unique_ptr<SpeexPreprocessState, PreprocessFree> residual;
  std::unique_ptr<webrtc::AudioProcessing> suppressor;
  std::unique_ptr<webrtc::AudioProcessing> leveller;
  webrtc::AudioFrame frame;
};

colloque_processor *colloque_processor_create(void) {
  std::unique_ptr<colloque_processor> made(new (std::nothrow) colloque_processor);
  if (!made) return nullptr;
  made->filter.reset(speex_echo_state_init(colloque_frame_samples, tail_samples));
  made->residual.reset(speex_preprocess_state_init(colloque_frame_samples, 48000));
  made->suppressor = make_suppressor();
  made->leveller = make_leveller();
  if (!made->filter || !made->residual || !made->suppressor || !made->leveller) return nullptr;
  spx_int32_t rate = 48000;
  spx_int32_t on = 1;
  speex_echo_ctl(made->filter.get(), SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
  speex_preprocess_ctl(made->residual.get(), SPEEX_PREPROCESS_SET_ECHO_STATE, made->filter.get());
  /* Without this the residual echo is left alone, too. */
  speex_preprocess_ctl(made->residual.get(), SPEEX_PREPROCESS_SET_DENOISE, &on);
  speex_preprocess_ctl(made->residual.get(), SPEEX_PREPROCESS_SET_ECHO_SUPPRESS, &residual_suppression);
  speex_preprocess_ctl(made->residual.get(), SPEEX_PREPROCESS_SET_ECHO_SUPPRESS_ACTIVE,
                       &residual_suppression_in_double_talk);
  prepare(made->frame);
  return made.release();
}

void colloque_processor_free(colloque_processor *processor) { delete processor; }

void colloque_processor_cancel(colloque_processor *processor, const int16_t *captured, const int16_t *played,
                               int16_t *linear, int16_t *suppressed) {
  const size_t octets = colloque_frame_samples * sizeof *captured;
  speex_echo_cancellation(processor->filter.get(), captured, played, linear);
  speex_preprocess_run(processor->residual.get(), linear);

  webrtc::AudioFrame &frame = processor->frame;
  std::memcpy(frame.data_, played, octets);
  processor->suppressor->ProcessReverseStream(&frame);
  std::memcpy(frame.data_, captured, octets);
  processor->suppressor->set_stream_delay_ms(assumed_delay);
  processor->suppressor->ProcessStream(&frame);
  std::memcpy(suppressed, frame.data_, octets);
}

void colloque_processor_level(colloque_processor *processor, int16_t *frame) {
  const size_t octets = colloque_frame_samples * sizeof *frame;
  std::memcpy(processor->frame.data_, frame, octets);
  processor->leveller->ProcessStream(&processor->frame);
  std::memcpy(frame, processor->frame.data_, octets);
}
