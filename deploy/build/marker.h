// What chains_add_chain() writes about a chain: BUILD/chains/NAME.json (ChainsMarker.cmake).
//
//   absl::StatusOr<std::vector<Marker>> markers = MarkersOf("/home/ada/shop/build");
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace chains::deploy {

// All paths are absolute.
struct Marker {
  std::string chain;
  std::string target;      // what `cmake --build --target` makes
  std::string source_dir;  // the folder of its CMakeLists.txt
  std::string proto_root;  // the folder of its contracts
  std::string build_dir;
  std::string config;                     // "Release"; may be empty
  std::string program;                    // where the target will be
  std::vector<std::string> main_objects;  // of the program alone: main.cc
  std::vector<std::string> objects;       // of its chainlets and contracts
  std::vector<std::string> libraries;     // files that it links beside them
};

// INVALID_ARGUMENT names the field that is missing.
absl::StatusOr<Marker> ParseMarker(std::string_view json);

// All of a build folder, by name; none where it has none. Errors name the file.
absl::StatusOr<std::vector<Marker>> MarkersOf(const std::string& build_dir);

}  // namespace chains::deploy
