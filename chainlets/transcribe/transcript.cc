#include "transcript.h"

#include <algorithm>
#include <utility>

#include "segments.h"

namespace transcribe {

TranscribeEvent Transcript::Add(Segment segment) {
  ++segments_;
  end_ = std::max(end_, segment.end_time_sec());
  if (segment.has_error() && ++failed_ == 1) first_failure_ = StatusOf(segment);
  TranscribeEvent event;
  *event.mutable_segment() = std::move(segment);
  return event;
}

absl::Status Transcript::AnyText() const {
  return failed_ == segments_ ? first_failure_ : absl::OkStatus();
}

TranscribeEvent Transcript::Summarize(absl::Duration processing) const {
  TranscribeEvent event;
  Summary& summary = *event.mutable_summary();
  summary.set_input_duration_sec(end_);
  summary.set_processing_duration_sec(absl::ToDoubleSeconds(processing));
  if (processing > absl::ZeroDuration()) {
    summary.set_speedup(end_ / summary.processing_duration_sec());
  }
  summary.set_segments(segments_);
  summary.set_failed_segments(failed_);
  return event;
}

TranscribeEvent ToEvent(const MediaDescription& media) {
  TranscribeEvent event;
  MediaInfo& info = *event.mutable_media();
  info.set_format(media.format);
  info.set_codec(media.codec);
  info.set_sampling_rate_hz(media.rate);
  info.set_channels(media.channels);
  if (media.seconds.has_value()) info.set_duration_sec(*media.seconds);
  return event;
}

void AddTo(TranscribeResponse& response, TranscribeEvent event) {
  if (event.has_segment()) *response.add_segments() = std::move(*event.mutable_segment());
  if (!event.has_summary()) return;
  response.set_input_duration_sec(event.summary().input_duration_sec());
  response.set_processing_duration_sec(event.summary().processing_duration_sec());
  response.set_speedup(event.summary().speedup());
  response.set_failed_segments(event.summary().failed_segments());
}

}  // namespace transcribe
