#define WEBRTC_AUDIO_PROCESSING_ONLY_BUILD
#define WEBRTC_POSIX

#include "CAudioProcessing.h"

#include <cstring>
#include <memory>
#include <new>

#include <webrtc/modules/audio_processing/include/audio_processing.h>
#include <webrtc/modules/interface/module_common_types.h>

struct colloque_processor {
  std::unique_ptr<webrtc::AudioProcessing> module;
  webrtc::AudioFrame far;
  webrtc::AudioFrame near;
};

namespace {

void prepare(webrtc::AudioFrame &frame) {
  frame.sample_rate_hz_ = 48000;
  frame.num_channels_ = 1;
  frame.samples_per_channel_ = colloque_frame_samples;
}

bool configure(webrtc::AudioProcessing &module, int32_t parts) {
  int failures = module.high_pass_filter()->Enable(true);
  if (parts & colloque_cancel_echo) {
    failures |= module.echo_cancellation()->enable_drift_compensation(false);
    failures |= module.echo_cancellation()->set_suppression_level(webrtc::EchoCancellation::kHighSuppression);
    failures |= module.echo_cancellation()->Enable(true);
  }
  if (parts & colloque_suppress_noise) {
    failures |= module.noise_suppression()->set_level(webrtc::NoiseSuppression::kModerate);
    failures |= module.noise_suppression()->Enable(true);
  }
  if (parts & colloque_control_gain) {
    failures |= module.gain_control()->set_mode(webrtc::GainControl::kAdaptiveDigital);
    failures |= module.gain_control()->set_target_level_dbfs(6);
    failures |= module.gain_control()->set_compression_gain_db(9);
    failures |= module.gain_control()->enable_limiter(true);
    failures |= module.gain_control()->Enable(true);
  }
  return failures == 0;
}

}  // namespace

colloque_processor *colloque_processor_create(int32_t parts) {
  std::unique_ptr<colloque_processor> processor(new (std::nothrow) colloque_processor);
  if (!processor) return nullptr;
  webrtc::Config config;
  config.Set<webrtc::ExtendedFilter>(new webrtc::ExtendedFilter(true));
  config.Set<webrtc::DelayAgnostic>(new webrtc::DelayAgnostic(true));
  processor->module.reset(webrtc::AudioProcessing::Create(config));
  if (!processor->module) return nullptr;
  prepare(processor->far);
  prepare(processor->near);
  if (processor->module->Initialize(48000, 48000, 48000, webrtc::AudioProcessing::kMono,
                                    webrtc::AudioProcessing::kMono, webrtc::AudioProcessing::kMono) != 0)
    return nullptr;
  if (!configure(*processor->module, parts)) return nullptr;
  return processor.release();
}

void colloque_processor_free(colloque_processor *processor) { delete processor; }

int32_t colloque_processor_hear(colloque_processor *processor, const int16_t *frame) {
  std::memcpy(processor->far.data_, frame, colloque_frame_samples * sizeof *frame);
  return processor->module->ProcessReverseStream(&processor->far);
}

int32_t colloque_processor_process(colloque_processor *processor, int16_t *frame, int32_t delay) {
  std::memcpy(processor->near.data_, frame, colloque_frame_samples * sizeof *frame);
  /* Out of range is clamped by the library and told as a warning. */
  processor->module->set_stream_delay_ms(delay);
  int32_t code = processor->module->ProcessStream(&processor->near);
  std::memcpy(frame, processor->near.data_, colloque_frame_samples * sizeof *frame);
  return code;
}
