// Names of operations, as generators of clients make functions of them.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace chains::gateway::openapi {

// "hello/production", "run_remote" → "helloProductionRunRemote": letters and digits only.
std::string CamelCase(std::string_view words);

// Each name is given once: the second "runRemote" is "runRemote2".
class OperationIds {
 public:
  std::string Unique(std::string_view words);

 private:
  std::set<std::string> given_;
};

}  // namespace chains::gateway::openapi
