#include "deploy/build/cmake.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/bundle/child.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxText = size_t{16} << 20;
constexpr std::string_view kInstall = "apt-get install g++ cmake ninja-build";

bool IsOptimized(const BuildFolder& folder) {
  return folder.build_type == "Release" || folder.build_type == "RelWithDebInfo";
}

bool IsGeneratorHere(const std::string& generator, const std::string& make_program) {
  std::error_code error;
  if (!make_program.empty() && fs::path(make_program).is_absolute()) {
    return fs::exists(make_program, error);
  }
  return IsProgramInPath(generator.starts_with("Ninja") ? "ninja" : "make");
}

// "NAME:TYPE=VALUE" lines.
std::map<std::string, std::string> CacheEntries(std::string_view text) {
  std::map<std::string, std::string> entries;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
    if (line.empty() || line[0] == '#' || absl::StartsWith(line, "//")) continue;
    const size_t colon = line.find(':');
    const size_t equals = line.find('=', colon == line.npos ? 0 : colon);
    if (colon == line.npos || equals == line.npos) continue;
    entries[std::string(line.substr(0, colon))] = std::string(line.substr(equals + 1));
  }
  return entries;
}

absl::Status RunCMake(std::vector<std::string> arguments, const BuildOptions& options,
                      std::string_view what) {
  arguments.insert(arguments.begin(), "cmake");
  absl::StatusOr<ChildResult> child = RunChild({.arguments = std::move(arguments),
                                                .environment = {"CLICOLOR_FORCE=0"},
                                                .stop = options.stop,
                                                .on_line = options.on_line});
  if (absl::IsNotFound(child.status())) {
    return absl::NotFoundError(Text("CMake is not installed: ", kInstall));
  }
  if (!child.ok()) return child.status();
  if (child->ok()) return absl::OkStatus();
  const std::string all = Text(child->output, "\n", child->errors);
  if (absl::StrContains(all, "No CMAKE_CXX_COMPILER could be found") ||
      absl::StrContains(all, "CMAKE_CXX_COMPILER not set")) {
    return absl::NotFoundError(Text("there is no C++ compiler: ", kInstall));
  }
  if (absl::StrContains(all, "\"chains\"") && absl::StrContains(all, "Could not find a package")) {
    return absl::NotFoundError(
        Text(what,
             " did not find Chains; install libchains-dev, or say where it is: "
             "CMAKE_PREFIX_PATH=…\n",
             FirstErrors(all)));
  }
  return absl::FailedPreconditionError(Text(what, " failed:\n", FirstErrors(all)));
}

}  // namespace

std::optional<BuildFolder> ReadBuildFolder(const std::string& path) {
  const std::string cache = path + "/CMakeCache.txt";
  struct stat info;
  const absl::StatusOr<std::string> text = ReadFile(cache, kMaxText);
  if (!text.ok() || stat(cache.c_str(), &info) != 0) return std::nullopt;
  std::map<std::string, std::string> entries = CacheEntries(*text);
  BuildFolder folder{.path = path,
                     .project_dir = entries["CMAKE_HOME_DIRECTORY"],
                     .generator = entries["CMAKE_GENERATOR"],
                     .build_type = entries["CMAKE_BUILD_TYPE"]};
  folder.can_build = IsGeneratorHere(folder.generator, entries["CMAKE_MAKE_PROGRAM"]);
  folder.configured_ns =
      static_cast<int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
  return folder;
}

std::vector<BuildFolder> BuildFoldersOf(const std::string& project_dir) {
  std::error_code error;
  std::vector<fs::path> candidates = {fs::path(project_dir) / "build"};
  for (fs::directory_iterator i(candidates[0], error), end; !error && i != end;
       i.increment(error)) {
    std::error_code ignored;
    if (i->is_directory(ignored)) candidates.push_back(i->path());
  }
  std::vector<BuildFolder> folders;
  for (const fs::path& candidate : candidates) {
    std::optional<BuildFolder> folder = ReadBuildFolder(candidate);
    if (folder && folder->can_build && fs::equivalent(folder->project_dir, project_dir, error)) {
      folders.push_back(*std::move(folder));
    }
  }
  std::sort(folders.begin(), folders.end(), [](const BuildFolder& a, const BuildFolder& b) {
    return std::tuple(IsOptimized(a), a.configured_ns) >
           std::tuple(IsOptimized(b), b.configured_ns);
  });
  return folders;
}

bool IsProject(const std::string& folder) {
  const absl::StatusOr<std::string> text = ReadFile(folder + "/CMakeLists.txt", kMaxText);
  if (!text.ok()) return false;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    line = absl::StripLeadingAsciiWhitespace(line);
    if (!absl::StartsWithIgnoreCase(line, "project")) continue;
    line = absl::StripLeadingAsciiWhitespace(line.substr(std::string_view("project").size()));
    if (!line.empty() && line[0] == '(') return true;
  }
  return false;
}

absl::Status Configure(const std::string& project_dir, const std::string& build_dir,
                       const BuildOptions& options) {
  std::vector<std::string> arguments = {"-S", project_dir, "-B", build_dir,
                                        "-DCMAKE_BUILD_TYPE=Release"};
  if (IsProgramInPath("ninja")) arguments.insert(arguments.end(), {"-G", "Ninja"});
  if (IsProgramInPath("mold")) arguments.push_back("-DCMAKE_EXE_LINKER_FLAGS_INIT=-fuse-ld=mold");
  return RunCMake(std::move(arguments), options, Text("configuring ", project_dir));
}

absl::Status ConfigureAgain(const std::string& build_dir, const BuildOptions& options) {
  return RunCMake({build_dir}, options, Text("configuring ", build_dir));
}

absl::Status BuildTarget(const std::string& build_dir, const std::string& target,
                         const std::string& config, const BuildOptions& options) {
  std::vector<std::string> arguments = {
      "--build", build_dir,    "--target",
      target,    "--parallel", Text(std::max(1U, std::thread::hardware_concurrency()))};
  if (!config.empty()) arguments.insert(arguments.end(), {"--config", config});
  return RunCMake(std::move(arguments), options, Text("building ", target));
}

}  // namespace chains::deploy
