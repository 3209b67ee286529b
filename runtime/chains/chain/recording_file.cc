#include "chains/chain/recording_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>

#include "chains/core/text.h"

namespace chains {
namespace {

using google::protobuf::io::CodedInputStream;

absl::Status NoRecording(std::string_view why) {
  return absl::InvalidArgumentError(Text("this is no recording of `chains record`: ", why));
}

// The next part's bytes; false at the end, or where the rest is not whole, which `cut_off` says.
absl::StatusOr<bool> Next(CodedInputStream& input, std::string& bytes, bool& cut_off) {
  const int begin = input.CurrentPosition();
  uint32_t size = 0;
  if (!input.ReadVarint32(&size)) {
    cut_off = input.CurrentPosition() > begin;
    return false;
  }
  if (size > RecordingFile::kMaxPartBytes) {
    return NoRecording(Text("a part of ", size, " bytes is larger than ",
                            RecordingFile::kMaxPartBytes, ", the most there is"));
  }
  cut_off = !input.ReadString(&bytes, static_cast<int>(size));
  return !cut_off;
}

}  // namespace

std::string PartBytes(const v1::RecordingPart& part) {
  std::string bytes;
  google::protobuf::io::StringOutputStream output(&bytes);
  if (!google::protobuf::util::SerializeDelimitedToZeroCopyStream(part, &output)) bytes.clear();
  return bytes;
}

absl::StatusOr<RecordingFile> RecordingFile::Parse(std::string_view bytes) {
  if (bytes.size() > kMaxBytes) return NoRecording("it is larger than 1 GiB");
  google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  CodedInputStream input(&array);
  RecordingFile file;
  std::string next;
  while (true) {
    const absl::StatusOr<bool> more = Next(input, next, file.cut_off);
    if (!more.ok()) return more.status();
    if (!*more) break;
    v1::RecordingPart part;
    if (!part.ParseFromString(next)) return NoRecording("a part cannot be read");
    if (file.header.version() == 0) {
      if (!part.has_header()) return NoRecording("it does not begin with a header");
      file.header = std::move(*part.mutable_header());
      if (file.header.version() != kVersion) {
        return NoRecording(
            Text("its version is ", file.header.version(), ", this program reads ", kVersion));
      }
    }
    if (part.has_request()) file.requests.push_back(std::move(*part.mutable_request()));
    if (file.requests.size() > kMaxRequests) {
      return NoRecording(Text("it has more than ", kMaxRequests, " requests"));
    }
  }
  if (file.header.version() == 0)
    return NoRecording(file.cut_off ? "it was cut off in its header" : "it is empty");
  return file;
}

absl::StatusOr<RecordingFile> RecordingFile::Read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(Text(path, ": ", std::strerror(errno)));
  std::string bytes;
  char piece[size_t{64} << 10];
  while (stream.read(piece, sizeof(piece)) || stream.gcount() > 0) {
    bytes.append(piece, static_cast<size_t>(stream.gcount()));
    if (bytes.size() > kMaxBytes) {
      return absl::InvalidArgumentError(Text(path, ": larger than 1 GiB; record fewer requests"));
    }
  }
  if (stream.bad()) return absl::UnavailableError(Text(path, ": ", std::strerror(errno)));
  absl::StatusOr<RecordingFile> file = Parse(bytes);
  if (file.ok()) return file;
  return absl::Status(file.status().code(), ToAbsl(Text(path, ": ", MessageOf(file.status()))));
}

}  // namespace chains
