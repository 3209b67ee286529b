// ChainSource of a folder or program of this machine, on chains::build and chains::bundle.
#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <utility>

#include <google/protobuf/util/json_util.h>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/build/code_digest.h"
#include "deploy/build/project.h"
#include "deploy/build/watcher.h"
#include "deploy/bundle/child.h"
#include "deploy/bundle/collect.h"
#include "deploy/cli/push/chain_source.h"

namespace chains::deploy::cli {
namespace {

constexpr absl::Duration kDescribePatience = absl::Seconds(30);
constexpr absl::Duration kOldestSave = absl::Seconds(10);

// When the last of `paths` was written. One that is gone, or says nonsense, was written just now.
absl::Time LastSaved(const std::vector<std::string>& paths) {
  const absl::Time now = absl::Now();
  absl::Time last = absl::InfinitePast();
  for (const std::string& path : paths) {
    struct stat info {};
    if (stat(path.c_str(), &info) == 0) last = std::max(last, absl::TimeFromTimespec(info.st_mtim));
  }
  return last > now - kOldestSave && last < now ? last : now;
}

// Without those that editors make while they save, and remove again.
std::vector<std::string> StillThere(std::vector<std::string> paths) {
  const auto is_gone = [](const std::string& path) {
    std::error_code none;
    return !std::filesystem::exists(path, none);
  };
  if (!std::all_of(paths.begin(), paths.end(), is_gone)) std::erase_if(paths, is_gone);
  return paths;
}

class LocalSource final : public ChainSource {
 public:
  explicit LocalSource(ChainProject project) : project_(std::move(project)) {
    if (project_.is_program) program_ = project_.program;
  }

  absl::Status Build(const Work& work) override {
    if (project_.is_program) return absl::OkStatus();
    absl::StatusOr<std::string> program =
        deploy::Build(project_, {.on_line = work.on_line, .stop = work.stop});
    if (!program.ok()) return program.status();
    program_ = *std::move(program);
    return absl::OkStatus();
  }

  std::filesystem::path Program() const override { return program_; }

  absl::StatusOr<v1::Manifest> Describe() override {
    const absl::StatusOr<ChildResult> said =
        RunChild({.arguments = {program_, "--describe"}, .timeout = kDescribePatience});
    if (!said.ok()) return said.status();
    if (!said->ok()) {
      return absl::FailedPreconditionError(
          said->errors.empty() ? Text(program_, " --describe ", said->HowItEnded()) : said->errors);
    }
    v1::Manifest manifest;
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    if (!google::protobuf::util::JsonStringToMessage(said->output, &manifest, options).ok()) {
      return absl::FailedPreconditionError(
          Text(program_, " is no chain's program: what it prints for --describe is no manifest"));
    }
    return manifest;
  }

  absl::StatusOr<BuiltChain> Collect(const Work& work) override {
    CollectOptions options = {
        .program = program_, .folder = project_.source_dir, .cache = &digests_, .stop = work.stop};
    if (!project_.is_program) {
      options.code_of = [&](const v1::Manifest& manifest) {
        return CodeDigests(project_.marker, manifest, digests_, work.stop);
      };
    }
    absl::StatusOr<CollectedBundle> collected = CollectBundle(options);
    if (!collected.ok()) return collected.status();
    BuiltChain chain = {
        .bundle = std::move(collected->bundle), .files = {}, .notes = std::move(collected->notes)};
    chain.files.insert(collected->sources.begin(), collected->sources.end());
    return chain;
  }

  absl::StatusOr<std::optional<SourceChange>> WaitForChange(absl::Duration at_most) override {
    if (watcher_ == nullptr) {
      absl::StatusOr<std::unique_ptr<FileWatcher>> opened = FileWatcher::Open(Watched());
      if (!opened.ok()) return opened.status();
      watcher_ = *std::move(opened);
    }
    absl::StatusOr<FileChanges> changes = watcher_->Next(absl::Now() + at_most);
    if (absl::IsDeadlineExceeded(changes.status())) return std::nullopt;
    if (!changes.ok()) return changes.status();
    return SourceChange{.saved = LastSaved(changes->paths),
                        .paths = StillThere(std::move(changes->paths))};
  }

 private:
  // A program is written again by whoever builds it: its folder shows that.
  std::vector<std::string> Watched() const {
    if (!project_.is_program) return project_.watched;
    return {std::filesystem::absolute(program_).parent_path().string()};
  }

  ChainProject project_;
  std::string program_;
  DigestCache digests_;
  std::unique_ptr<FileWatcher> watcher_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ChainSource>> OpenChain(const std::string& path, const Work& work) {
  absl::StatusOr<ChainProject> project =
      FindChain({.folder = path, .build = {.on_line = work.on_line, .stop = work.stop}});
  if (!project.ok()) return project.status();
  return std::make_unique<LocalSource>(*std::move(project));
}

}  // namespace chains::deploy::cli
