// DeployView: a deployment on its way, as lines: each chainlet whenever its state changes.
//
//   HelloAll  starting 0/1
//   SayHello  ready 1/1
#pragma once

#include <map>
#include <string>
#include <vector>

#include "chains/v1/platform.pb.h"
#include "deploy/cli/terminal/terminal.h"

namespace chains::deploy::cli {

// For one thread at a time. `terminal` outlives it; its colours for `err` are used.
class DeployView {
 public:
  explicit DeployView(const Terminal& terminal) : terminal_(terminal) {}

  // What `event` has that those before it had not.
  std::vector<std::string> Changes(const v1::DeployEvent& event);
  // "waiting for HelloAll, SayHello"
  static std::string Waiting(const v1::Deployment& deployment);

 private:
  const Terminal& terminal_;
  std::map<std::string, std::string> shown_;  // by chainlet
  std::string note_;
};

// Problems of the deployment and its chainlets, each line safe; empty without any.
std::vector<std::string> ProblemsOf(const v1::Deployment& deployment);

}  // namespace chains::deploy::cli
