#include "deploy/build/marker.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using google::protobuf::Struct;

constexpr size_t kMaxBytes = size_t{16} << 20;

// "" where there is none.
std::string TextOf(const Struct& object, const std::string& field) {
  const auto found = object.fields().find(field);
  return found == object.fields().end() ? "" : found->second.string_value();
}

// Without what CMake counts as an object and is none: precompiled headers.
std::vector<std::string> FilesOf(const Struct& object, const std::string& field) {
  std::vector<std::string> files;
  const auto found = object.fields().find(field);
  if (found == object.fields().end()) return files;
  for (const auto& value : found->second.list_value().values()) {
    const std::string& path = value.string_value();
    if (path.empty() || path.ends_with(".gch") || path.ends_with(".pch")) continue;
    files.push_back(fs::path(path).lexically_normal());
  }
  return files;
}

}  // namespace

absl::StatusOr<Marker> ParseMarker(std::string_view json) {
  Struct object;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &object);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(Text("it is no JSON object: ", parsed.ToString()));
  }
  Marker marker{.chain = TextOf(object, "chain"),
                .target = TextOf(object, "target"),
                .source_dir = TextOf(object, "source_dir"),
                .proto_root = TextOf(object, "proto_root"),
                .build_dir = TextOf(object, "build_dir"),
                .config = TextOf(object, "config"),
                .program = TextOf(object, "program"),
                .main_objects = FilesOf(object, "main_objects"),
                .objects = FilesOf(object, "objects"),
                .libraries = FilesOf(object, "libraries")};
  const std::pair<const char*, const std::string*> needed[] = {{"chain", &marker.chain},
                                                               {"target", &marker.target},
                                                               {"source_dir", &marker.source_dir},
                                                               {"build_dir", &marker.build_dir},
                                                               {"program", &marker.program}};
  for (const auto& [name, value] : needed) {
    if (value->empty()) return absl::InvalidArgumentError(Text("its field ", name, " is missing"));
  }
  return marker;
}

absl::StatusOr<std::vector<Marker>> MarkersOf(const std::string& build_dir) {
  const fs::path folder = fs::path(build_dir) / "chains";
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) {
    if (i->path().extension() == ".json") paths.push_back(i->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return FileError("read the folder", folder.string(), error.value());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Marker> markers;
  for (const fs::path& path : paths) {
    absl::StatusOr<std::string> json = ReadFile(path, kMaxBytes);
    if (!json.ok()) return json.status();
    absl::StatusOr<Marker> marker = ParseMarker(*json);
    if (!marker.ok()) {
      return absl::Status(marker.status().code(),
                          Text(path.string(), ": ", MessageOf(marker.status()),
                               "; remove it, and configure with CMake again"));
    }
    markers.push_back(*std::move(marker));
  }
  return markers;
}

}  // namespace chains::deploy
