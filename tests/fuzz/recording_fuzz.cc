// Whatever a file of `chains record` says: it is read or refused, and what was read is written and
// read again as the same; calls are told of whatever ids their spans have.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "chains/chain/recorded_calls.h"
#include "chains/chain/recording_file.h"

namespace chains {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void Try(std::string_view bytes) {
  const absl::StatusOr<RecordingFile> file = RecordingFile::Parse(bytes);
  if (!file.ok()) return;
  v1::RecordingPart header;
  *header.mutable_header() = file->header;
  std::string written = PartBytes(header);
  for (const v1::RecordedRequest& request : file->requests) {
    v1::RecordingPart part;
    *part.mutable_request() = request;
    written += PartBytes(part);
    const size_t calls =
        CallsOf(request, *google::protobuf::DescriptorPool::generated_pool()).size();
    Check(calls <= static_cast<size_t>(request.spans_size()));
  }
  const absl::StatusOr<RecordingFile> again = RecordingFile::Parse(written);
  Check(again.ok() && again->requests.size() == file->requests.size());
}

}  // namespace
}  // namespace chains

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
