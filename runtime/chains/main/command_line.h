// The command line of a chain's program.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/chain/placement.h"
#include "chains/chain/policy_overrides.h"
#include "chains/policy/faults.h"

namespace chains::internal {

enum class Verb { kOverview, kDescribe, kDescribeWire, kRun, kReplay, kServe };

struct CommandLine {
  Verb verb = Verb::kOverview;

  // run
  std::string request_json;  // as typed, or from @FILE or standard input ("-")
  std::string method = "";   // of the entrypoint, "run_remote" by default
  Placement placement = Placement::kTogether;
  absl::Duration timeout = absl::Seconds(60);
  bool trace = false;

  // replay; `timeout` as for run
  std::string recording = "";  // a file
  std::vector<std::string> real = {};
  std::vector<std::string> mock = {};
  int request_number = 0;  // 0: all
  bool json = false;

  // serve
  std::vector<std::string> chainlets = {};
  std::vector<std::string> listen = {};
  std::string health_listen = "";
  std::string zone = "";
  std::string http = "";
  std::string metrics = "";
  std::string replica = "";
  std::map<std::string, std::vector<std::string>, std::less<>> endpoints = {};
  absl::Duration drain_timeout = absl::Seconds(30);
  std::string run_dir = "";
  bool no_carriers = false;
  std::string identity = "";  // a folder
  PolicyOverrides policies = {};

  // serve, as a replica of a platform; without one `platform` is empty
  std::string platform = "";
  std::string deployment = "";
  std::string token_file = "";
  std::string platform_roots = "";  // a file
  absl::Duration platform_timeout = absl::Seconds(30);

  // run, replay and serve
  std::string environment = "";
  std::string data_dir = "";
  std::map<std::string, std::string> secret_files = {};
  std::map<std::string, std::string> variables = {};
  std::map<std::string, std::string> assets = {};
  Faults faults = {};
  std::map<std::string, std::string> urls = {};  // of services elsewhere, by contract
};

// What was asked for and how it ended: a command to carry out, or (help, a usage error) an exit
// code after the text was printed.
struct ParsedCommandLine {
  CommandLine command;
  int exit_code = -1;  // ≥ 0: leave with it
};
ParsedCommandLine ParseCommandLine(const std::string& chain, int argc, const char* const* argv);

}  // namespace chains::internal
