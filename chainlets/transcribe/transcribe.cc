#include <algorithm>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "macro_chunks.h"
#include "media/file_source.h"
#include "media_file.h"
#include "overlap.h"
#include "segments.h"
#include "transcribe_chain.h"
#include "transcript.h"

namespace transcribe {
namespace {

// Macro chunks in flight: so many, and no more samples than fit here.
constexpr size_t kMostAtOnce = 8;
constexpr size_t kMostSamplesAtOnce = size_t{32} << 20;

size_t AtOnce(const CutOptions& macro) {
  return std::clamp(kMostSamplesAtOnce / macro.size, size_t{1}, kMostAtOnce);
}

// A macro chunk that is being transcribed.
struct Listening {
  Stretch stretch;
  bool begun = false;  // the joiner knows
  std::shared_ptr<Heard> heard;
  chains::Started<void> task;
};

Stretch StretchOf(const MacroChunk& chunk, const CutOptions& macro) {
  Stretch stretch;
  stretch.begin = Seconds(chunk.request.begin_sample());
  stretch.cut = Seconds(chunk.cut);
  if (chunk.request.has_end_sample()) stretch.end = Seconds(chunk.request.end_sample());
  stretch.overlap = Seconds(macro.reach_back);
  return stretch;
}

// Stands for what was not heard of a chunk.
Segment Missing(const Listening& listening, const MediaDescription& about) {
  const double begin = std::max(listening.heard->end, listening.stretch.cut);
  const double end = std::min(listening.stretch.end, about.seconds.value_or(begin));
  return ToFailedSegment(begin, std::max(begin, end), *listening.heard->status);
}

}  // namespace

chains::Stream<TranscribeEvent> Transcriber::Transcribed(std::unique_ptr<Recording> recording,
                                                         Options options, absl::Time start) {
  const MediaDescription about = recording->about();
  co_yield ToEvent(about);

  const auto changed = std::make_shared<chains::Notice>();
  const auto planned = std::make_shared<Planned>(std::move(recording));
  const chains::Started<void> planning = co_await chains::Start(Plan(planned, changed));
  std::deque<Listening> chunks;
  OverlapJoiner joiner;
  Transcript transcript;
  std::vector<Segment> settled;
  while (true) {
    for (Segment& segment : settled) {
      if (!options.allow_partial) co_await StatusOf(segment);
      co_yield transcript.Add(std::move(segment));
    }
    settled.clear();

    if (planned->next.has_value() && chunks.size() < AtOnce(options.macro)) {
      auto heard = std::make_shared<Heard>();
      const Stretch stretch = StretchOf(*planned->next, options.macro);
      auto request = std::make_shared<MacroChunkRequest>(std::move(planned->next->request));
      planned->next.reset();
      planned->taken.Give();
      chains::Task<void> listen = Listen(worker_, std::move(request), heard, changed);
      chains::Started<void> started = co_await chains::Start(std::move(listen));
      chunks.push_back({stretch, false, std::move(heard), std::move(started)});
    } else if (chunks.empty()) {
      if (planned->status.has_value()) break;
      co_await changed->Wait();
    } else {
      Listening& first = chunks.front();
      if (!std::exchange(first.begun, true)) joiner.Begin(first.stretch);
      if (!first.heard->segments.empty()) {
        settled = joiner.Add(std::move(first.heard->segments.front()));
        first.heard->segments.pop_front();
      } else if (first.heard->status.has_value()) {
        if (!first.heard->status->ok()) settled = joiner.Add(Missing(first, about));
        chunks.pop_front();
      } else {
        co_await changed->Wait();
      }
    }
  }
  settled = joiner.End();
  if (!planned->status->ok()) {
    const double begin = transcript.end();
    settled.push_back(
        ToFailedSegment(begin, std::max(begin, about.seconds.value_or(begin)), *planned->status));
  }
  for (Segment& segment : settled) {
    if (!options.allow_partial) co_await StatusOf(segment);
    co_yield transcript.Add(std::move(segment));
  }
  co_await transcript.AnyText();
  co_yield transcript.Summarize(absl::Now() - start);
}

chains::Stream<TranscribeEvent> Transcriber::StreamSegments(TranscribeRequest request) {
  const absl::Time start = absl::Now();
  const Options options = co_await ReadParams(request.params());
  std::unique_ptr<Recording> recording = co_await chains::Blocking(
      [&](const std::stop_token& stop) { return Open(request, options, stop); });
  chains::Stream<TranscribeEvent> events = Transcribed(std::move(recording), options, start);
  while (std::optional<TranscribeEvent> event = co_await events.Next()) {
    co_yield *std::move(event);
  }
}

chains::Task<TranscribeResponse> Transcriber::RunRemote(TranscribeRequest request) {
  chains::Stream<TranscribeEvent> events = StreamSegments(std::move(request));
  TranscribeResponse response;
  while (std::optional<TranscribeEvent> event = co_await events.Next()) {
    AddTo(response, *std::move(event));
  }
  co_return response;
}

chains::Stream<TranscribeEvent> Transcriber::Upload(chains::Stream<MediaPart> parts) {
  const absl::Time start = absl::Now();
  Options options;
  std::optional<Spool> spool;
  while (std::optional<MediaPart> part = co_await parts.Next()) {
    if (!spool.has_value()) {
      options = co_await ReadParams(part->params());
      spool.emplace(co_await Spool::Make());
    }
    if (part->data().size() > limits_.bytes - spool->size()) {
      co_await absl::InvalidArgumentError(
          absl::StrCat("data: more than the allowed ", limits_.bytes, " bytes together"));
    }
    co_await chains::Blocking([&] { return spool->Append(part->data()); });
  }
  if (!spool.has_value()) co_await absl::InvalidArgumentError("no piece of a recording was sent");
  auto source = std::make_unique<FileSource>(std::move(*spool).Finish());
  std::unique_ptr<Recording> recording =
      co_await chains::Blocking([&](const std::stop_token& stop) {
        return OpenSource(std::move(source), options, limits_, stop);
      });
  chains::Stream<TranscribeEvent> events = Transcribed(std::move(recording), options, start);
  while (std::optional<TranscribeEvent> event = co_await events.Next()) {
    co_yield *std::move(event);
  }
}

absl::StatusOr<std::unique_ptr<Recording>> Transcriber::Open(TranscribeRequest& request,
                                                             const Options& options,
                                                             const std::stop_token& stop) const {
  switch (request.source_case()) {
    case TranscribeRequest::kMedia:
      return OpenBytes(std::move(*request.mutable_media()), options, limits_, stop);
    case TranscribeRequest::kMediaPath: {
      absl::StatusOr<std::unique_ptr<MediaSource>> source = OpenPath(request.media_path());
      if (!source.ok()) return source.status();
      return OpenSource(*std::move(source), options, limits_, stop);
    }
    case TranscribeRequest::kMediaUrl:
      if (!fetch_.ok()) return fetch_.status();
      return OpenUrl(request.media_url(), options, *fetch_, limits_, stop);
    case TranscribeRequest::SOURCE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      "media, media_path and media_url are missing: give one of them");
}

absl::StatusOr<std::unique_ptr<MediaSource>> Transcriber::OpenPath(const std::string& path) const {
  if (media_folder_.empty()) {
    return absl::PermissionDeniedError(
        "media_path: no folder is allowed here; the operator can name one with --data-dir");
  }
  absl::StatusOr<FileSource> file = OpenMediaFile(media_folder_, path, limits_.bytes);
  if (!file.ok()) return file.status();
  return std::make_unique<FileSource>(*std::move(file));
}

}  // namespace transcribe
