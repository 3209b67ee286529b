// RecordingFile: requests with the messages of every hop, as `chains record` writes them
// (proto/chains/v1/recording.proto): parts, each behind its length, the header first.
//
//   absl::StatusOr<RecordingFile> recording = RecordingFile::Read("requests.rec");
//   for (const v1::RecordedRequest& request : recording->requests) …
//
// A value, for one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/recording.pb.h"

namespace chains {

struct RecordingFile {
  static constexpr uint32_t kVersion = 1;
  static constexpr size_t kMaxPartBytes = size_t{64} << 20;
  static constexpr size_t kMaxBytes = size_t{1} << 30;
  static constexpr size_t kMaxRequests = 10'000;

  v1::RecordingHeader header;
  std::vector<v1::RecordedRequest> requests;
  bool cut_off = false;  // a further part began, and is not whole

  // NOT_FOUND, or INVALID_ARGUMENT where it is no recording; both name the file. One that was cut
  // off ends with its last whole request.
  static absl::StatusOr<RecordingFile> Read(const std::string& path);
  static absl::StatusOr<RecordingFile> Parse(std::string_view bytes);
};

// The bytes of one part, with its length before them.
std::string PartBytes(const v1::RecordingPart& part);

}  // namespace chains
