// `bench --job`: the load comes from a pod of the cluster, beside the gateway, and not through a
// tunnel of the command line's.
//
//   const Json job = BenchJob({.name = "chains-bench-1f2e", .image = image, .arguments = {…}});
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "deploy/apiserver/object.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

struct BenchJobSpec {
  std::string name = {};
  std::string in_namespace = "chains";
  std::string image = {};  // has the program `chains`
  std::string pull_policy = "IfNotPresent";
  Json pull_secrets = Json::array();        // of Kubernetes' form
  std::vector<std::string> arguments = {};  // of `chains`
  absl::Duration at_most = absl::Minutes(5);
};
// One pod, once; it calls with the platform's own key, and goes by itself after ten minutes. Pure.
Json BenchJob(const BenchJobSpec& spec);

// Runs `chains ARGUMENTS` so on the chosen remote, which is on a cluster, prints what it says and
// answers its exit code. The Job is deleted in any case.
int RunBenchJob(Session& session, std::vector<std::string> arguments, absl::Duration duration);

}  // namespace chains::deploy::cli
