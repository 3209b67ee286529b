// Transcript: what is said of a whole recording: counts segments, and says how it went.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "media/reader.h"
#include "transcribe.pb.h"

namespace transcribe {

class Transcript {
 public:
  // An event for the segment.
  TranscribeEvent Add(Segment segment);
  double end() const { return end_; }  // of the last segment, in seconds

  // OK when there is a text to answer with, if only for one chunk; else the first failure.
  absl::Status AnyText() const;
  TranscribeEvent Summarize(absl::Duration processing) const;

 private:
  int segments_ = 0;
  int failed_ = 0;
  double end_ = 0;
  absl::Status first_failure_;
};

TranscribeEvent ToEvent(const MediaDescription& media);
// Adds what the event says to the answer that is one message.
void AddTo(TranscribeResponse& response, TranscribeEvent event);

}  // namespace transcribe
