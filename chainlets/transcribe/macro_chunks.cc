#include "macro_chunks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audio.h"

namespace transcribe {
namespace {

constexpr int kAttempts = 2;

// Leaves out what was heard already.
void GoOnAt(double seconds, MacroChunkRequest& request) {
  const auto sample = static_cast<uint64_t>(std::llround(seconds * kSampleRate));
  if (sample <= request.begin_sample()) return;
  const uint64_t skip = sample - request.begin_sample();
  request.set_begin_sample(sample);
  if (request.source_case() != MacroChunkRequest::kPcm) return;
  request.mutable_pcm()->erase(0, std::min<uint64_t>(skip * sizeof(int16_t), request.pcm().size()));
}

}  // namespace

chains::Task<void> Plan(std::shared_ptr<Planned> planned, std::shared_ptr<chains::Notice> changed) {
  while (!planned->status.has_value()) {
    while (planned->next.has_value()) co_await planned->taken.Wait();
    absl::StatusOr<std::optional<MacroChunk>> chunk;
    co_await chains::Blocking(
        [&](const std::stop_token& stop) { chunk = planned->recording->Next(stop); });
    if (chunk.ok() && chunk->has_value()) {
      planned->next = *std::move(chunk);
    } else {
      planned->status = chunk.status();
    }
    changed->Give();
  }
}

chains::Task<void> Listen(MacroChunkWorker& worker, std::shared_ptr<MacroChunkRequest> request,
                          std::shared_ptr<Heard> heard, std::shared_ptr<chains::Notice> changed) {
  absl::Status status;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    chains::Stream<Segment> segments = worker.RunRemote(*request);
    bool more = true;
    while (more) {
      absl::StatusOr<std::optional<Segment>> segment = co_await chains::Outcome(segments.Next());
      status = segment.status();
      more = segment.ok() && segment->has_value();
      if (!more) break;
      heard->end = (*segment)->end_time_sec();
      heard->segments.push_back(**std::move(segment));
      changed->Give();
    }
    if (!absl::IsUnavailable(status)) break;
    GoOnAt(heard->end, *request);
  }
  heard->status = status;
  changed->Give();
}

}  // namespace transcribe
