#include "remote_recording.h"

#include <algorithm>
#include <utility>

#include "decoded_recording.h"
#include "fetch/remote_file.h"

namespace transcribe {
namespace {

// A file whose head is longer is opened by each worker for itself.
constexpr size_t kLongestHead = size_t{8} << 20;

size_t BytesOf(const std::vector<Blocks::Block>& blocks) {
  size_t bytes = 0;
  for (const Blocks::Block& block : blocks) bytes += block.bytes.size();
  return bytes;
}

void AddKnown(const std::vector<Blocks::Block>& blocks, RemoteMedia& remote) {
  for (const Blocks::Block& block : blocks) {
    KnownBytes& known = *remote.add_known();
    known.set_offset(block.offset);
    known.set_data(block.bytes);
  }
}

}  // namespace

RemoteRecording::RemoteRecording(std::unique_ptr<HttpSource> source,
                                 std::unique_ptr<MediaReader> reader,
                                 std::vector<Blocks::Block> head, const Options& options,
                                 std::stop_source stop)
    : source_(std::move(source)),
      reader_(std::move(reader)),
      head_(std::move(head)),
      options_(options),
      stop_(std::move(stop)) {}

absl::StatusOr<std::optional<MacroChunk>> RemoteRecording::Next(const std::stop_token& stop) {
  if (!next_.has_value()) return std::nullopt;
  const std::stop_callback link(stop, [&] { stop_.request_stop(); });
  absl::StatusOr<std::optional<Cut>> end = FindCut(next_->at);
  if (!end.ok()) return end.status();
  MacroChunk chunk;
  chunk.cut = next_->at;
  chunk.request = MakeRequest(*next_, *end);
  next_ = *std::move(end);
  return chunk;
}

absl::StatusOr<std::optional<RemoteRecording::Cut>> RemoteRecording::FindCut(uint64_t begin) {
  const CutOptions& macro = options_.macro;
  const uint64_t last = begin + macro.size;
  const auto samples = static_cast<uint64_t>(reader_->about().seconds.value_or(0) * kSampleRate);
  // What is left is not cut off for a word.
  if (last + macro.smoothing >= samples) return std::nullopt;
  const uint64_t first = last - macro.window;
  const uint64_t from = first - std::min<uint64_t>(macro.reach_back + macro.smoothing, first);
  absl::StatusOr<Samples> around = ReadBetween(from, last + macro.smoothing);
  Cut cut{.at = last, .around = source_->TakeRead()};
  if (!around.ok()) {
    // A worker may have more luck; where it has not, only its chunk is lost.
    if (!IsPassing(around.status())) return around.status();
    return cut;
  }
  const size_t count = around->size();
  if (count <= first - from) return std::nullopt;  // it is shorter than it says
  cut.at = from +
           QuietestPoint(*around, first - from, std::min(count, last - from + 1), macro.smoothing);
  return cut;
}

absl::StatusOr<Samples> RemoteRecording::ReadBetween(uint64_t begin, uint64_t end) {
  if (absl::Status status = reader_->Seek(begin); !status.ok()) return status;
  Samples all;
  while (begin + all.size() < end) {
    absl::StatusOr<Samples> samples = reader_->Read();
    if (!samples.ok()) return samples.status();
    if (samples->empty()) break;
    all.insert(all.end(), samples->begin(), samples->end());
  }
  return all;
}

MacroChunkRequest RemoteRecording::MakeRequest(const Cut& begin,
                                               const std::optional<Cut>& end) const {
  MacroChunkRequest request;
  request.set_begin_sample(begin.at - std::min<uint64_t>(options_.macro.reach_back, begin.at));
  if (end.has_value()) request.set_end_sample(end->at);
  request.set_micro_chunk_samples(static_cast<uint32_t>(options_.micro.size));
  request.set_smoothing_samples(static_cast<uint32_t>(options_.micro.smoothing));
  RemoteMedia& remote = *request.mutable_remote();
  remote.set_url(source_->file().url);
  remote.set_size_bytes(source_->file().size);
  remote.set_version(source_->file().version);
  AddKnown(head_, remote);
  AddKnown(begin.around, remote);
  if (end.has_value()) AddKnown(end->around, remote);
  return request;
}

absl::StatusOr<std::unique_ptr<Recording>> OpenUrl(const std::string& url, const Options& options,
                                                   const FetchSettings& settings,
                                                   const MediaLimits& limits,
                                                   const std::stop_token& stop) {
  std::stop_source stop_source;
  const std::stop_callback link(stop, [&] { stop_source.request_stop(); });
  HttpClient client(settings, stop_source.get_token());
  absl::StatusOr<OpenedFile> opened =
      OpenRemote(client, url, settings, limits.bytes, stop_source.get_token());
  if (!opened.ok()) return opened.status();
  if (opened->whole.has_value()) {
    return OpenSource(std::make_unique<FileSource>(*std::move(opened->whole)), options, limits,
                      stop);
  }
  auto source =
      std::make_unique<HttpSource>(std::move(opened->file), settings, stop_source.get_token());
  source->AddKnown(0, opened->head);
  MediaLimits own = limits;
  own.stop = stop_source.get_token();
  absl::StatusOr<std::unique_ptr<MediaReader>> reader = MediaReader::Open(*source, own);
  if (!reader.ok()) return reader.status();
  source->KeepRead();
  std::vector<Blocks::Block> head = source->TakeRead();
  if (!(*reader)->about().seeks_exactly || BytesOf(head) > kLongestHead) {
    return std::make_unique<DecodedRecording>(std::move(source), *std::move(reader), options,
                                              std::move(stop_source));
  }
  return std::make_unique<RemoteRecording>(std::move(source), *std::move(reader), std::move(head),
                                           options, std::move(stop_source));
}

}  // namespace transcribe
