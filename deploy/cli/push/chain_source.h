// ChainSource: where a chain comes from: a folder with its sources, or its program.
//
//   absl::StatusOr<std::unique_ptr<ChainSource>> source = OpenChain("chainlets/hello", {});
//   absl::Status built = (*source)->Build({.on_line = Show});
//   absl::StatusOr<BuiltChain> chain = (*source)->Collect({});
//
// The command line knows building and bundling by this alone, so that its tests need neither.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/bundle.pb.h"

namespace chains::deploy::cli {

// What is pushed.
struct BuiltChain {
  v1::Bundle bundle;
  std::map<std::string, std::filesystem::path> files;  // where each file of the bundle is, by path
  std::vector<std::string> notes = {};                 // what whoever pushes it should know
};

// Sources that were saved.
struct SourceChange {
  absl::Time saved;                // the last of them
  std::vector<std::string> paths;  // empty: more than could be followed
};

struct Work {
  std::function<void(std::string_view line)> on_line = nullptr;  // what CMake and compilers say
  std::stop_token stop = {};                                     // ends it: CANCELLED
};

// For one thread at a time, but WaitForChange().
class ChainSource {
 public:
  using Work = cli::Work;

  virtual ~ChainSource() = default;

  // Compiles what changed; for a program it does nothing. FAILED_PRECONDITION: the compiler refused
  // it, and its message is the compiler's. CANCELLED: `stop`.
  virtual absl::Status Build(const Work& work) = 0;
  // The program, once it is built.
  virtual std::filesystem::path Program() const = 0;
  // What it is made of, as it says itself, once it is built. FAILED_PRECONDITION: its own
  // validation found problems, which are the message.
  virtual absl::StatusOr<v1::Manifest> Describe() = 0;
  // All that is pushed of it, once it is built.
  virtual absl::StatusOr<BuiltChain> Collect(const Work& work) = 0;

  // Watches from the first call on. What has changed since the last call that said so, and rests
  // for a moment; nullopt when nothing did for `at_most`. Another thread may build meanwhile.
  virtual absl::StatusOr<std::optional<SourceChange>> WaitForChange(absl::Duration at_most) = 0;
};

// `path`: a folder with a chain's sources, or a chain's program. A project that was never
// configured is, which takes seconds. NOT_FOUND, FAILED_PRECONDITION: what is missing there.
absl::StatusOr<std::unique_ptr<ChainSource>> OpenChain(const std::string& path, const Work& work);

}  // namespace chains::deploy::cli
