#include "deploy/build/project.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/build/cmake.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

// Whether `path` is `folder`, or below it. Both canonical.
bool IsWithin(const fs::path& path, const fs::path& folder) {
  const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

std::string Canonical(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path : canonical.string();
}

// "hello (chainlets/hello), poems (chainlets/poems)".
std::string Named(const std::vector<Marker>& markers, const std::string& project_dir) {
  return absl::StrJoin(markers, ", ", [&](std::string* out, const Marker& marker) {
    absl::StrAppend(out, marker.chain, " (",
                    fs::path(marker.source_dir).lexically_relative(project_dir).string(), ")");
  });
}

absl::StatusOr<std::string> ProjectOf(const std::string& folder) {
  for (fs::path at = folder; true; at = at.parent_path()) {
    if (IsProject(at)) return at.string();
    if (at == at.parent_path()) break;
  }
  return absl::NotFoundError(Text("no CMakeLists.txt with a project() in ", folder,
                                  " or above it; make a chain there: chains init ", folder));
}

// Those whose folder is this one, or a part of it; failing that, that it is a part of.
std::vector<Marker> MarkersAt(const std::vector<Marker>& markers, const std::string& folder,
                              const std::string& project_dir) {
  std::vector<Marker> exact, below, around;
  for (const Marker& marker : markers) {
    const std::string source = Canonical(marker.source_dir);
    if (source == folder) {
      exact.push_back(marker);
    } else if (IsWithin(source, folder)) {
      below.push_back(marker);
    } else if (IsWithin(folder, source) && source != project_dir) {
      around.push_back(marker);
    }
  }
  return !exact.empty() ? exact : !below.empty() ? below : around;
}

absl::StatusOr<Marker> Choose(const std::vector<Marker>& all, const FindOptions& options,
                              const std::string& folder, const std::string& project_dir) {
  std::vector<Marker> markers = MarkersAt(all, folder, project_dir);
  if (!options.chain.empty()) {
    std::erase_if(markers, [&](const Marker& marker) { return marker.chain != options.chain; });
  }
  if (markers.size() == 1) return markers[0];
  if (markers.size() > 1) {
    return absl::InvalidArgumentError(Text(folder,
                                           " has several chains: ", Named(markers, project_dir),
                                           "; name one with --chain, or its folder"));
  }
  const std::string wanted =
      options.chain.empty() ? "no chain" : Text("no chain '", options.chain, "'");
  return absl::NotFoundError(
      Text("there is ", wanted, " in ", folder,
           all.empty() ? Text("; call chains_add_chain() in its CMakeLists.txt")
                       : Text("; the project ", project_dir, " has ", Named(all, project_dir))));
}

absl::StatusOr<std::string> BuildFolderFor(const std::string& project_dir,
                                           const FindOptions& options) {
  std::string build_dir = options.build_dir;
  if (build_dir.empty()) {
    const std::vector<BuildFolder> folders = BuildFoldersOf(project_dir);
    if (!folders.empty()) return folders[0].path;
    build_dir = project_dir + "/build";
  } else if (const std::optional<BuildFolder> folder = ReadBuildFolder(build_dir)) {
    std::error_code error;
    if (fs::equivalent(folder->project_dir, project_dir, error)) return build_dir;
    return absl::InvalidArgumentError(
        Text(build_dir, " is a build folder of ", folder->project_dir, ", not of ", project_dir));
  }
  absl::Status status = Configure(project_dir, build_dir, options.build);
  if (!status.ok()) return status;
  return build_dir;
}

std::vector<std::string> Watched(const Marker& marker) {
  std::vector<std::string> watched = {Canonical(marker.source_dir)};
  if (marker.proto_root.empty()) return watched;
  const std::string protos = Canonical(marker.proto_root);
  if (!IsWithin(protos, watched[0])) watched.push_back(protos);
  return watched;
}

absl::StatusOr<ChainProject> AsProgram(const std::string& program) {
  ChainProject project;
  project.is_program = true;
  project.program = program;
  project.source_dir = fs::path(program).parent_path();
  return project;
}

}  // namespace

absl::StatusOr<ChainProject> FindChain(const FindOptions& options) {
  std::error_code error;
  const std::string folder = fs::canonical(options.folder, error);
  if (error) return FileError("find", options.folder, error.value());
  if (!fs::is_directory(folder, error)) return AsProgram(folder);

  absl::StatusOr<std::string> project_dir = ProjectOf(folder);
  if (!project_dir.ok()) return project_dir.status();
  absl::StatusOr<std::string> build_dir = BuildFolderFor(*project_dir, options);
  if (!build_dir.ok()) return build_dir.status();
  absl::StatusOr<std::vector<Marker>> markers = MarkersOf(*build_dir);
  if (!markers.ok()) return markers.status();
  if (MarkersAt(*markers, folder, *project_dir).empty()) {
    // It was configured before this chain was written, or by a Chains that left no markers.
    absl::Status status = ConfigureAgain(*build_dir, options.build);
    if (!status.ok()) return status;
    markers = MarkersOf(*build_dir);
    if (!markers.ok()) return markers.status();
  }
  absl::StatusOr<Marker> marker = Choose(*markers, options, folder, *project_dir);
  if (!marker.ok()) return marker.status();
  ChainProject project;
  project.program = marker->program;
  project.source_dir = Canonical(marker->source_dir);
  project.project_dir = *std::move(project_dir);
  project.watched = Watched(*marker);
  project.marker = *std::move(marker);
  return project;
}

absl::StatusOr<std::string> Build(ChainProject& project, const BuildOptions& options) {
  if (project.is_program) return project.program;
  const std::string build_dir = project.marker.build_dir;
  absl::Status built =
      BuildTarget(build_dir, project.marker.target, project.marker.config, options);
  if (!built.ok()) return built;
  absl::StatusOr<std::vector<Marker>> markers = MarkersOf(build_dir);
  if (!markers.ok()) return markers.status();
  for (Marker& marker : *markers) {
    if (marker.chain != project.marker.chain) continue;
    project.watched = Watched(marker);
    project.program = marker.program;
    project.marker = std::move(marker);
    return project.program;
  }
  return absl::NotFoundError(Text("the chain ", project.marker.chain, " is no longer in ",
                                  project.source_dir, "/CMakeLists.txt"));
}

std::string FirstErrors(std::string_view output, int max_lines) {
  const std::vector<absl::string_view> lines = absl::StrSplit(ToAbsl(output), '\n');
  const auto is_error = [](absl::string_view line) {
    return absl::StrContains(line, " error: ") || absl::StrContains(line, " fatal error: ") ||
           absl::StrContains(line, ": Error: ") || absl::StrContains(line, "CMake Error") ||
           absl::StrContains(line, "undefined reference") ||
           absl::StrContains(line, "undefined symbol") || absl::StrContains(line, ".proto:") ||
           absl::StrContains(line, "ninja: error") || absl::StrContains(line, "mold: fatal");
  };
  std::vector<absl::string_view> shown;
  constexpr int kContext = 4;  // lines of the source, and where in it
  int context = 0;
  for (const absl::string_view line : lines) {
    if (is_error(line)) context = kContext;
    if (context-- <= 0) continue;
    if (line.empty()) continue;
    if (shown.size() == static_cast<size_t>(max_lines)) {
      shown.push_back("…");
      break;
    }
    shown.push_back(line);
  }
  if (!shown.empty()) return absl::StrJoin(shown, "\n");
  std::vector<absl::string_view> last =
      absl::StrSplit(ToAbsl(output), '\n', absl::SkipWhitespace());
  if (last.size() > static_cast<size_t>(max_lines)) {
    last.erase(last.begin(), last.end() - max_lines);
  }
  return absl::StrJoin(last, "\n");
}

}  // namespace chains::deploy
