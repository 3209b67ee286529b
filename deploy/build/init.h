// InitChain: a first chain of one's own, which builds, runs and passes its test at once.
//
//   absl::StatusOr<std::vector<std::string>> files = InitChain("shop", "");
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy {

// Writes contract, chainlets, program, test, CMakeLists.txt, README.md and .gitignore into
// `folder`, which is made where it is missing, and says their names. `name`: of the chain; empty:
// the folder's. FAILED_PRECONDITION: the folder has something in it. INVALID_ARGUMENT: no chain can
// have this name. A file that cannot be written is named; what was written before stays.
absl::StatusOr<std::vector<std::string>> InitChain(const std::string& folder, std::string name);

// INVALID_ARGUMENT says why no chain can have this name: it becomes a target of CMake and, with '_'
// for '-', a package of protobuf and a namespace.
absl::Status CheckNewName(std::string_view name);

// A file of a new chain: its name and its text have {{name}} and {{package}} in them.
struct Template {
  std::string_view path;
  std::string_view text;
};
// What is in template/, embedded when this is built.
const std::vector<Template>& Templates();

}  // namespace chains::deploy
