// CollectBundle: from the program of a chain to the bundle that `push` ships.
//
//   absl::StatusOr<CollectedBundle> made = CollectBundle({.program = "build/hello", .folder =
//   "."}); … FindMissing(made->bundle), then upload made->sources.at(path) for each path that is
//   missing …
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/bundle.pb.h"
#include "deploy/bundle/digest.h"

namespace chains::deploy {

struct CollectOptions {
  std::string program;      // what was built
  std::string folder = "";  // what paths of assets are relative to; empty: where the process is
  // Says what each chainlet's code is; null: the program as a whole is every chainlet's.
  std::function<absl::StatusOr<std::vector<v1::ChainletCode>>(const v1::Manifest&)> code_of =
      nullptr;
  DigestCache* cache = nullptr;  // remembers digests of files from one time to the next
  absl::Duration timeout = absl::Seconds(30);  // of the program that describes itself
  std::stop_token stop = {};
};

struct CollectedBundle {
  v1::Bundle bundle;                           // valid
  std::map<std::string, std::string> sources;  // path in the bundle → the file that it is
  std::vector<std::string> notes;              // what whoever pushes it should know
};

// Runs `PROGRAM --describe-wire`, finds the shared libraries that it needs (all but glibc's, which
// the machine has) and the assets that its manifest declares. In the bundle: the program by its
// name, lib/SONAME, assets/NAME (a folder: assets/NAME/…). The same files make the same bundle.
// Declared GPU modules, which lie beside the program, come beside it, with their libraries but
// CUDA's. Assets with a URL as their source stay in the manifest alone: the platform fetches them.
// Libraries that the program opens while it runs (dlopen) are not found: declare them as assets.
// Errors name the file and the next step.
absl::StatusOr<CollectedBundle> CollectBundle(const CollectOptions& options);

// What ldd(1) printed: name → path, without glibc's own and what is no file. NOT_FOUND names
// libraries that are not there.
absl::StatusOr<std::map<std::string, std::string>> LibrariesInLdd(std::string_view output);

// Whether a library of this name comes with glibc: of these every machine has its own.
bool IsOfGlibc(std::string_view name);

}  // namespace chains::deploy
