#include "deploy/bundle/collect.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "chains/v1/replica.pb.h"
#include "deploy/bundle/bundle.h"
#include "deploy/bundle/child.h"
#include "deploy/bundle/files.h"
#include "deploy/bundle/gpu_module.h"
#include "deploy/bundle/machine.h"
#include "deploy/bundle/url_assets.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;

using Sources = std::map<std::string, std::string>;

absl::Status CheckProgram(const std::string& program) {
  struct stat info;
  if (stat(program.c_str(), &info) != 0) return FileError("run", program, errno);
  if (!S_ISREG(info.st_mode) || access(program.c_str(), X_OK) != 0) {
    return absl::InvalidArgumentError(
        Text(program, " is no program; name a chain's program, or its folder"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::DescribeResponse> Describe(const CollectOptions& options,
                                              const std::string& program) {
  absl::StatusOr<ChildResult> child = RunChild({.arguments = {program, "--describe-wire"},
                                                .folder = options.folder,
                                                .timeout = options.timeout,
                                                .stop = options.stop});
  if (!child.ok()) return child.status();
  if (!child->ok()) {
    return absl::FailedPreconditionError(Text(options.program, " --describe-wire ",
                                              child->HowItEnded(), ":\n",
                                              LastLines(child->errors, 20)));
  }
  v1::DescribeResponse description;
  if (!description.ParseFromString(child->output) || description.manifest().chain().empty()) {
    return absl::FailedPreconditionError(
        Text(options.program,
             " does not describe itself as the program of a chain does; its main() "
             "must return chain.Main(argc, argv)"));
  }
  return description;
}

// Of a program, or of a library such as a GPU module. CUDA's are left out, by name.
absl::StatusOr<Sources> Libraries(const CollectOptions& options, const std::string& program,
                                  std::vector<std::string>& left_out) {
  absl::StatusOr<ChildResult> child = RunChild({.arguments = {"ldd", program},
                                                .environment = {"LC_ALL=C"},
                                                .timeout = options.timeout,
                                                .stop = options.stop});
  if (!child.ok()) return child.status();
  if (child->output.find("statically linked") != std::string::npos ||
      child->errors.find("not a dynamic executable") != std::string::npos) {
    return Sources();
  }
  if (!child->ok()) {
    return absl::FailedPreconditionError(
        Text("ldd ", program, " ", child->HowItEnded(), ":\n", LastLines(child->errors, 10)));
  }
  absl::StatusOr<Sources> libraries = LibrariesInLdd(WithoutCuda(child->output, left_out));
  if (!libraries.ok()) {
    return absl::Status(libraries.status().code(),
                        Text(program, ": ", MessageOf(libraries.status())));
  }
  return libraries;
}

// Adds the file or folder `source` as assets/NAME.
class AssetCollector {
 public:
  AssetCollector(const std::string& folder, Sources& sources, DigestCache& digests)
      : folder_(folder), sources_(sources), digests_(digests) {}

  absl::Status Add(const v1::Chainlet& chainlet, const v1::Asset& asset) {
    if (IsUrl(asset.source())) return ToUrlAsset(chainlet, asset).status();
    const std::string who = Text("the asset '", asset.name(), "' of ", chainlet.name(), " (",
                                 chainlet.declared_at(), ")");
    const std::string path = Text("assets/", asset.name());
    if (const std::string problem = ProblemOfPath(path); !problem.empty()) {
      return absl::InvalidArgumentError(Text(who, ": its name ", problem));
    }
    const fs::path source = fs::path(asset.source()).is_absolute()
                                ? fs::path(asset.source())
                                : fs::path(folder_) / asset.source();
    std::error_code error;
    const fs::file_status is = fs::status(source, error);
    if (!fs::exists(is)) {
      return absl::NotFoundError(Text(who, ": there is no ", source.string(),
                                      "; its source is relative to the chain's folder"));
    }
    return fs::is_directory(is) ? AddFolder(asset, who, source, path)
                                : AddFile(asset, who, source, path);
  }

 private:
  absl::Status AddFile(const v1::Asset& asset, const std::string& who, const fs::path& source,
                       const std::string& path) {
    if (!asset.sha256().empty()) {
      absl::StatusOr<std::string> wanted = Sha256FromHex(asset.sha256());
      if (!wanted.ok()) {
        return absl::InvalidArgumentError(Text(who, ": ", MessageOf(wanted.status())));
      }
      absl::StatusOr<std::string> is = digests_.Of(source);
      if (!is.ok()) return is.status();
      if (*is != *wanted) {
        return absl::FailedPreconditionError(Text(who, ": the SHA-256 of ", source.string(), " is ",
                                                  Hex(*is), ", not ", asset.sha256(),
                                                  " as declared"));
      }
    }
    return Put(who, source, path);
  }

  absl::Status AddFolder(const v1::Asset& asset, const std::string& who, const fs::path& source,
                         const std::string& path) {
    if (!asset.sha256().empty()) {
      return absl::InvalidArgumentError(
          Text(who, ": ", source.string(), " is a folder, and sha256 is for files"));
    }
    std::error_code error;
    fs::recursive_directory_iterator i(source, error);
    for (; !error && i != fs::recursive_directory_iterator(); i.increment(error)) {
      if (i->is_directory(error)) continue;
      const std::string below = fs::relative(i->path(), source, error);
      absl::Status status = Put(who, i->path(), Text(path, "/", below));
      if (!status.ok()) return status;
      if (sources_.size() > kMaxBundleFiles) {
        return absl::InvalidArgumentError(Text(who, ": ", source.string(), " has more than ",
                                               kMaxBundleFiles,
                                               " files; make one archive of them"));
      }
    }
    return error ? FileError("read the folder", source.string(), error.value()) : absl::OkStatus();
  }

  absl::Status Put(const std::string& who, const fs::path& source, const std::string& path) {
    const auto [there, is_new] = sources_.emplace(path, source.string());
    if (is_new || there->second == source.string()) return absl::OkStatus();
    return absl::InvalidArgumentError(Text(who, ": another chainlet has an asset of this name, ",
                                           there->second, "; give one of them another name"));
  }

  const std::string& folder_;
  Sources& sources_;
  DigestCache& digests_;
};

absl::Status AddFiles(const Sources& sources, DigestCache& digests, v1::Bundle& bundle) {
  for (const auto& [path, source] : sources) {
    struct stat info;
    if (stat(source.c_str(), &info) != 0) return FileError("read", source, errno);
    absl::StatusOr<std::string> sha256 = digests.Of(source);
    if (!sha256.ok()) return sha256.status();
    v1::BundleFile& file = *bundle.add_files();
    file.set_path(path);
    file.set_sha256(*std::move(sha256));
    file.set_size(static_cast<uint64_t>(info.st_size));
    // Not what its mode says: that would make the digest depend on the umask.
    file.set_executable(path == bundle.program());
  }
  return absl::OkStatus();
}

absl::Status AddCode(const CollectOptions& options, v1::Bundle& bundle) {
  if (options.code_of != nullptr) {
    absl::StatusOr<std::vector<v1::ChainletCode>> code = options.code_of(bundle.manifest());
    if (!code.ok()) return code.status();
    for (v1::ChainletCode& each : *code) *bundle.add_code() = std::move(each);
    return absl::OkStatus();
  }
  const auto program = std::find_if(bundle.files().begin(), bundle.files().end(),
                                    [&](const auto& f) { return f.path() == bundle.program(); });
  for (const v1::Chainlet& chainlet : bundle.manifest().chainlets()) {
    v1::ChainletCode& code = *bundle.add_code();
    code.set_chainlet(chainlet.name());
    code.set_sha256(program->sha256());
  }
  return absl::OkStatus();
}

// The file itself, and as lib/SONAME what it needs.
absl::Status AddWithLibraries(const CollectOptions& options, const std::string& path,
                              const std::string& file, Sources& sources,
                              std::vector<std::string>& notes) {
  std::vector<std::string> left_out;
  absl::StatusOr<Sources> libraries = Libraries(options, file, left_out);
  if (!libraries.ok()) return libraries.status();
  sources[path] = file;
  for (const auto& [name, library] : *libraries) sources.emplace("lib/" + name, library);
  if (!left_out.empty()) {
    notes.push_back(
        Text(path, " needs ", absl::StrJoin(left_out, ", "),
             ", which a bundle does not carry: machines with GPUs, or their base image, "
             "must have CUDA's libraries"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Sources> FindSources(const CollectOptions& options, const std::string& program,
                                    const v1::Manifest& manifest, DigestCache& digests,
                                    std::vector<std::string>& notes) {
  Sources sources;
  absl::Status added =
      AddWithLibraries(options, fs::path(program).filename(), program, sources, notes);
  if (!added.ok()) return added;
  absl::StatusOr<Sources> modules = FindGpuModules(manifest, program, notes);
  if (!modules.ok()) return modules.status();
  for (const auto& [path, file] : *modules) {
    added = AddWithLibraries(options, path, file, sources, notes);
    if (!added.ok()) return added;
  }
  AssetCollector assets(options.folder, sources, digests);
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    for (const v1::Asset& asset : chainlet.assets()) {
      if (absl::Status status = assets.Add(chainlet, asset); !status.ok()) return status;
    }
  }
  return sources;
}

absl::StatusOr<v1::Machine> NeedsOf(const Sources& sources) {
  std::vector<std::string> code;
  for (const auto& [path, source] : sources) {
    if (!path.starts_with("assets/")) code.push_back(source);
  }
  return NeedsOfFiles(code);
}

}  // namespace

bool IsOfGlibc(std::string_view name) {
  static constexpr std::string_view kFamily[] = {
      "ld-linux",  "ld64",  "ld.so",        "libBrokenLocale", "libanl",     "libc",
      "libcrypt",  "libdl", "libm",         "libmvec",         "libnsl",     "libpthread",
      "libresolv", "librt", "libthread_db", "libutil",         "linux-vdso", "linux-gate"};
  const std::string_view stem = name.substr(0, name.find(".so"));
  if (stem.starts_with("libnss_") || stem.starts_with("ld-linux")) return true;
  return std::find(std::begin(kFamily), std::end(kFamily), stem) != std::end(kFamily);
}

// Lines are "NAME => PATH (0x…)", "NAME => not found", or "PATH (0x…)" for what is no search's
// result.
absl::StatusOr<std::map<std::string, std::string>> LibrariesInLdd(std::string_view output) {
  Sources libraries;
  std::vector<std::string> missing;
  for (absl::string_view line : absl::StrSplit(ToAbsl(output), '\n', absl::SkipWhitespace())) {
    line = absl::StripAsciiWhitespace(line);
    const std::pair<absl::string_view, absl::string_view> sides =
        absl::StrSplit(line, absl::MaxSplits(" => ", 1));
    const std::string name(sides.first.substr(0, sides.first.find(" (0x")));
    const std::string path(sides.second.substr(0, sides.second.find(" (0x")));
    if (IsOfGlibc(fs::path(name).filename().string())) continue;
    if (path == "not found") {
      missing.push_back(name);
    } else if (name.find('/') != std::string::npos) {
      return absl::FailedPreconditionError(Text("it needs the library ", name,
                                                " at that place; link that with a name of its own "
                                                "(-Wl,-soname), so that a bundle can carry it"));
    } else if (!path.empty()) {
      libraries[name] = path;
    }
  }
  if (!missing.empty()) {
    std::sort(missing.begin(), missing.end());
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    return absl::NotFoundError(
        Text("the libraries that it needs are not installed here: ", absl::StrJoin(missing, ", "),
             "; install them, or set LD_LIBRARY_PATH to where they are"));
  }
  return libraries;
}

absl::StatusOr<CollectedBundle> CollectBundle(const CollectOptions& options) {
  if (absl::Status status = CheckProgram(options.program); !status.ok()) return status;
  std::error_code error;
  const std::string program = fs::absolute(options.program, error).lexically_normal();
  absl::StatusOr<v1::DescribeResponse> description = Describe(options, program);
  if (!description.ok()) return description.status();
  DigestCache own;
  DigestCache& digests = options.cache != nullptr ? *options.cache : own;
  CollectedBundle made;
  absl::StatusOr<Sources> sources =
      FindSources(options, program, description->manifest(), digests, made.notes);
  if (!sources.ok()) return sources.status();
  absl::StatusOr<v1::Machine> machine = NeedsOf(*sources);
  if (!machine.ok()) return machine.status();

  made.bundle.mutable_manifest()->Swap(description->mutable_manifest());
  made.bundle.mutable_descriptors()->Swap(description->mutable_descriptors());
  made.bundle.set_program(fs::path(program).filename());
  *made.bundle.mutable_machine() = *std::move(machine);
  if (absl::Status status = AddFiles(*sources, digests, made.bundle); !status.ok()) return status;
  if (absl::Status status = AddCode(options, made.bundle); !status.ok()) return status;
  if (absl::Status valid = ValidateBundle(made.bundle); !valid.ok()) return valid;
  made.sources = *std::move(sources);
  return made;
}

}  // namespace chains::deploy
