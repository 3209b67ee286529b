// HttpSource: a file on a server that knows ranges, read as if it were here. Only what is read is
// fetched, once, and somewhat more where one range follows the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fetch/blocks.h"
#include "fetch/http_client.h"
#include "fetch/remote_file.h"
#include "media/source.h"

namespace transcribe {

// For one thread at a time, any thread.
class HttpSource final : public MediaSource {
 public:
  HttpSource(RemoteFile file, const FetchSettings& settings, std::stop_token stop);

  // Bytes of the file that are known: they are not fetched.
  void AddKnown(uint64_t offset, std::string_view bytes) {
    blocks_.Add(offset, bytes, Blocks::Keep::kAlways);
  }
  const RemoteFile& file() const { return file_; }
  // What was read since the last call.
  std::vector<Blocks::Block> TakeRead() { return blocks_.TakeTouched(); }
  // What was read since then is not forgotten.
  void KeepRead() { blocks_.KeepTouched(); }

  // As HttpClient::Get; a request that breaks off is taken up where it did, a few times.
  // FAILED_PRECONDITION when the file is not what it was.
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> to) override;
  uint64_t size() const override { return file_.size; }

 private:
  absl::Status Fetch(uint64_t offset);
  absl::StatusOr<std::string> FetchOnce(const ByteRange& range);
  // Whether `head` answers `range` with bytes of the same file.
  absl::Status Check(const ResponseHead& head, const ByteRange& range) const;

  const RemoteFile file_;
  const FetchSettings settings_;
  const std::stop_token stop_;
  HttpClient client_;
  Blocks blocks_;
  uint64_t next_ = 0;  // where reading goes on, when it does
  uint64_t step_;      // how much is fetched at a time
  int broken_off_ = 0;
};

}  // namespace transcribe
