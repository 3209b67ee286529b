#include "fetch/http_source.h"

#include <algorithm>
#include <string>
#include <utility>

namespace transcribe {
namespace {

constexpr uint64_t kFirstStep = 64 * 1024;
constexpr uint64_t kLongestStep = 1024 * 1024;
constexpr size_t kMostHeld = size_t{16} << 20;
// Of all requests for one file; a server that never sends all it is asked for is no help.
constexpr int kMostBrokenOff = 32;

}  // namespace

HttpSource::HttpSource(RemoteFile file, const FetchSettings& settings, std::stop_token stop)
    : file_(std::move(file)),
      settings_(settings),
      stop_(std::move(stop)),
      client_(settings_, stop_),
      blocks_(kMostHeld),
      step_(kFirstStep) {}

absl::StatusOr<size_t> HttpSource::ReadAt(uint64_t offset, std::span<char> to) {
  if (offset >= file_.size) return 0;
  if (offset != next_) step_ = kFirstStep;
  size_t count = blocks_.Copy(offset, to);
  if (count == 0) {
    if (absl::Status status = Fetch(offset); !status.ok()) return status;
    count = blocks_.Copy(offset, to);
  }
  next_ = offset + count;
  return count;
}

absl::Status HttpSource::Fetch(uint64_t offset) {
  const uint64_t end = blocks_.NextKnown(offset, std::min(file_.size, offset + step_));
  step_ = std::min(2 * step_, kLongestStep);
  for (int failures = 1;; ++failures) {
    absl::StatusOr<std::string> bytes = FetchOnce({.first = offset, .count = end - offset});
    if (bytes.ok()) {
      blocks_.Add(offset, *bytes, Blocks::Keep::kWhileThereIsRoom);
      return absl::OkStatus();
    }
    if (!IsPassing(bytes.status()) || failures >= settings_.attempts) return bytes.status();
    WaitBeforeRetry(failures, stop_);
  }
}

// At least a byte of `range`, and all of it unless the server breaks off.
absl::StatusOr<std::string> HttpSource::FetchOnce(const ByteRange& range) {
  std::string got;
  const absl::StatusOr<ResponseHead> head =
      client_.Get(file_.url, range, [&](const ResponseHead& said, std::string_view bytes) {
        absl::Status status = Check(said, range);
        if (!status.ok()) return status;
        if (got.size() + bytes.size() > range.count) {
          return absl::InvalidArgumentError("media_url: the server sent more than was asked for");
        }
        got.append(bytes);
        return absl::OkStatus();
      });
  if (!head.ok()) {
    if (!IsPassing(head.status()) || got.empty() || ++broken_off_ > kMostBrokenOff) {
      return head.status();
    }
    return got;
  }
  if (absl::Status status = FromHttpStatus(head->status()); !status.ok()) return status;
  if (got.empty()) return absl::UnavailableError("media_url: the server sent nothing");
  return got;
}

absl::Status HttpSource::Check(const ResponseHead& head, const ByteRange& range) const {
  if (head.status() != 206 || !head.range().has_value() || head.range()->size != file_.size ||
      head.version() != file_.version) {
    return absl::FailedPreconditionError("media_url: the file changed while it was read");
  }
  if (head.range()->first != range.first) {
    return absl::InvalidArgumentError("media_url: the server sent another range than was asked");
  }
  return absl::OkStatus();
}

}  // namespace transcribe
