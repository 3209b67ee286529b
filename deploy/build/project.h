// From the folder of a chain to its built program.
//
//   absl::StatusOr<ChainProject> project = FindChain({.folder = "chainlets/hello"});
//   absl::StatusOr<std::string> program = Build(*project, {.on_line = Print});
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "deploy/build/marker.h"

namespace chains::deploy {

struct BuildOptions {
  // Called with each line that CMake and the compiler print.
  std::function<void(std::string_view)> on_line = nullptr;
  std::stop_token stop = {};  // ends them, and what they have started: CANCELLED
};

struct FindOptions {
  std::string folder;  // of a chain, or of what is above or below it; or a program that is built
  std::string chain = "";      // where the folder has several: which (`--chain`)
  std::string build_dir = "";  // empty: found, or FOLDER_OF_THE_PROJECT/build
  BuildOptions build = {};     // of the configuration, where there was none yet
};

struct ChainProject {
  bool is_program = false;  // `program` was given: there is nothing to build
  std::string program;
  std::string source_dir;   // of the chain: what paths of assets are relative to
  std::string project_dir;  // where CMakeLists.txt has project(); empty with is_program
  Marker marker;            // empty with is_program
  // What an edit of the chain happens in: its folder, and that of its contracts. Not those of
  // libraries that it links.
  std::vector<std::string> watched;
};

// The project is the nearest folder, from the given one upwards, whose CMakeLists.txt calls
// project(). Its build folder is one that was configured for it, below build/ (an optimized one
// before others, then the latest); where there is none, build/ is configured: optimized, with Ninja
// and mold where they are. NOT_FOUND says what is not there; INVALID_ARGUMENT: several chains,
// named. Blocks.
absl::StatusOr<ChainProject> FindChain(const FindOptions& options);

// Builds the chain's program, and says where it is. Its marker is read again, since CMakeLists.txt
// may have changed. FAILED_PRECONDITION has the compiler's first errors, with file and line.
// Blocks.
absl::StatusOr<std::string> Build(ChainProject& project, const BuildOptions& options);

// What is wrong, out of all that a build printed: at most `max_lines` lines. Pure.
std::string FirstErrors(std::string_view output, int max_lines = 30);

}  // namespace chains::deploy
