// CMake as a program: configuring a project, building a target, and what it left in its cache.
//
//   if (absl::Status made = Configure("/home/ada/shop", "/home/ada/shop/build", {}); !made.ok()) …
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "deploy/build/project.h"

namespace chains::deploy {

// A folder that CMake has configured.
struct BuildFolder {
  std::string path;
  std::string project_dir;  // CMAKE_HOME_DIRECTORY
  std::string generator;
  std::string build_type;
  bool can_build = false;     // its generator's program is here
  int64_t configured_ns = 0;  // when, since 1970
};

// nullopt: `path` has no CMakeCache.txt that can be read.
std::optional<BuildFolder> ReadBuildFolder(const std::string& path);

// Those of a project, the best first: PROJECT/build and what is directly below it.
std::vector<BuildFolder> BuildFoldersOf(const std::string& project_dir);

// Whether the CMakeLists.txt of this folder calls project().
bool IsProject(const std::string& folder);

// NOT_FOUND: CMake or a compiler is not installed. FAILED_PRECONDITION has CMake's errors.
absl::Status Configure(const std::string& project_dir, const std::string& build_dir,
                       const BuildOptions& options);
// Again, with what it was configured with.
absl::Status ConfigureAgain(const std::string& build_dir, const BuildOptions& options);

// FAILED_PRECONDITION has the compiler's first errors.
absl::Status BuildTarget(const std::string& build_dir, const std::string& target,
                         const std::string& config, const BuildOptions& options);

}  // namespace chains::deploy
