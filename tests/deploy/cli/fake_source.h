// FakeSource: a chain whose building the test scripts; its files are in a folder of the test.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "deploy/cli/push/chain_source.h"

namespace chains::deploy::cli {

// What a test and its sources share; the command owns the source itself.
class SourceScript {
 public:
  SourceScript() {
    std::filesystem::create_directories(folder_);
    built.bundle.mutable_manifest()->set_chain("hello");
    built.bundle.mutable_manifest()->set_entrypoint("hello.HelloAll");
    for (const char* name : {"HelloAll", "SayHello"}) {
      v1::Chainlet& chainlet = *built.bundle.mutable_manifest()->add_chainlets();
      chainlet.set_name(std::string("hello.") + name);
      chainlet.set_display_name(name);
    }
  }
  ~SourceScript() { std::filesystem::remove_all(folder_); }

  // Its digest is its name, which is all that the command line cares for.
  void AddFile(const std::string& path, const std::string& content) {
    v1::BundleFile& file = *built.bundle.add_files();
    file.set_path(path);
    file.set_sha256("sha of " + path);
    file.set_size(content.size());
    built.files[path] = folder_ / path;
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path, std::ios::binary) << content;
  }

  // As if a source had been saved.
  void Save() {
    std::lock_guard lock(mutex_);
    ++saves_;
    changed_.notify_all();
  }
  bool WaitForSave(absl::Duration at_most) {
    std::unique_lock lock(mutex_);
    const auto saved = [this] { return saves_ > seen_; };
    if (!changed_.wait_for(lock, absl::ToChronoMilliseconds(at_most), saved)) return false;
    seen_ = saves_;
    return true;
  }

  BuiltChain built;
  // Called by each build, with its number from 0 on.
  std::function<absl::Status(int, const ChainSource::Work&)> build =
      [](int, const ChainSource::Work&) { return absl::OkStatus(); };
  absl::Status invalid;  // what Describe() fails with
  std::atomic<int> builds = 0;

 private:
  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("source_" + std::to_string(getpid()));
  std::mutex mutex_;
  std::condition_variable changed_;
  int saves_ = 0;  // guarded by mutex_
  int seen_ = 0;
};

class FakeSource final : public ChainSource {
 public:
  explicit FakeSource(SourceScript& script) : script_(script) {}

  absl::Status Build(const Work& work) override { return script_.build(script_.builds++, work); }
  std::filesystem::path Program() const override { return "/bin/hello"; }
  absl::StatusOr<v1::Manifest> Describe() override {
    if (!script_.invalid.ok()) return script_.invalid;
    return script_.built.bundle.manifest();
  }
  absl::StatusOr<BuiltChain> Collect(const Work&) override { return script_.built; }
  absl::StatusOr<std::optional<SourceChange>> WaitForChange(absl::Duration at_most) override {
    if (!script_.WaitForSave(at_most)) return std::nullopt;
    return SourceChange{.saved = absl::Now(), .paths = {"/home/hello/say_hello.cc"}};
  }

 private:
  SourceScript& script_;
};

}  // namespace chains::deploy::cli
