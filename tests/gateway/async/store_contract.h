// What every JobStore must do, as cases that a test runs against each of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/async/store.h"

namespace chains::gateway {

// Opens the same store once more: another process, or this one after a restart.
using OpenStore = std::function<std::unique_ptr<JobStore>()>;

struct ContractCase {
  std::string name;
  void (*run)(const OpenStore& open);
};
const std::vector<ContractCase>& StoreContract();

// A job as tests want it, its age in seconds after some time.
NewJob JobOf(const std::string& id, int priority = 0, int created = 0);
absl::Time At(double seconds);

}  // namespace chains::gateway
