// Chain::Main: what a chain's program does when it is started.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "chains/chain/chain.h"
#include "chains/chain/manifest.h"
#include "chains/chain/policy_overrides.h"
#include "chains/chain/problem.h"
#include "chains/chain/product_service.h"
#include "chains/chain/services_elsewhere.h"
#include "chains/core/text.h"
#include "chains/http/transport.h"
#include "chains/main/command_line.h"
#include "chains/main/overview.h"
#include "chains/main/replay.h"
#include "chains/main/run.h"
#include "chains/main/serve.h"

namespace chains {
namespace {

LocalOptions LocalOptionsFrom(const internal::CommandLine& command) {
  LocalOptions options;
  options.context.environment = command.environment;
  options.context.data_dir = command.data_dir;
  options.context.secret_files = command.secret_files;
  options.context.variables = command.variables;
  options.context.assets = command.assets;
  options.faults = command.faults;
  options.urls = command.urls;
  options.http_client = http::LinkedClient();
  return options;
}

// What keeps the command from being carried out.
std::vector<internal::Problem> ProblemsOf(const internal::ChainSpec& chain,
                                          const internal::CommandLine& command) {
  switch (command.verb) {
    case internal::Verb::kOverview:
    case internal::Verb::kDescribe:
    case internal::Verb::kDescribeWire:
      return internal::Validate(chain);
    case internal::Verb::kReplay:  // it says itself which chainlets there are
      return {};
    case internal::Verb::kRun:
    case internal::Verb::kServe:
      return internal::ValidateServed(chain, command.chainlets, {.assets = command.assets});
  }
  return {};
}

// A platform hands its faults to every chain, whatever chainlets that has.
absl::Status CheckFaults(const internal::ChainSpec& chain, const internal::CommandLine& command) {
  if (!command.platform.empty()) return absl::OkStatus();
  for (const FaultRule& rule : command.faults) {
    const bool known = std::any_of(
        chain.chainlets.begin(), chain.chainlets.end(),
        [&rule](const internal::ChainletSpec& each) { return Means(rule, each.name()); });
    if (!known) {
      return absl::InvalidArgumentError(
          Text("--fault: the chain ", chain.name, " has no chainlet ", rule.chainlet));
    }
  }
  return absl::OkStatus();
}

// As the replica would that serves all that is implemented.
int DescribeWire(const internal::ChainSpec& chain) {
  const std::string wire = internal::SerializeInOrder(internal::DescribeReplica(chain, {}, ""));
  const bool written = std::fwrite(wire.data(), 1, wire.size(), stdout) == wire.size();
  return written && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

int Chain::Main(int argc, char** argv) const {
  internal::ParsedCommandLine parsed = internal::ParseCommandLine(spec_.name, argc, argv);
  if (parsed.exit_code >= 0) return parsed.exit_code;
  const internal::CommandLine& command = parsed.command;

  const absl::StatusOr<internal::ChainSpec> placed =
      internal::WithUrls(internal::WithPolicies(spec_, command.policies), command.urls);
  if (!placed.ok()) {
    std::fprintf(stderr, "%s\n", Text("error: ", MessageOf(placed.status())).c_str());
    return 2;
  }
  const std::vector<internal::Problem> problems = ProblemsOf(*placed, command);
  if (!problems.empty()) {
    std::fputs(internal::ProblemText(problems).c_str(), stderr);
    return 2;
  }
  if (absl::Status faults = CheckFaults(spec_, command); !faults.ok()) {
    std::fprintf(stderr, "error: %s\n", std::string(faults.message()).c_str());
    return 2;
  }
  switch (command.verb) {
    case internal::Verb::kOverview:
      std::fputs(internal::Overview(spec_, argv[0]).c_str(), stdout);
      return 0;
    case internal::Verb::kDescribe:
      std::fputs(internal::ManifestJson(internal::MakeManifest(spec_)).c_str(), stdout);
      return 0;
    case internal::Verb::kDescribeWire:
      return DescribeWire(spec_);
    case internal::Verb::kRun:
      return internal::Run(*this,
                           {.json = command.request_json,
                            .method = command.method,
                            .placement = command.placement,
                            .timeout = command.timeout,
                            .trace = command.trace},
                           LocalOptionsFrom(command));
    case internal::Verb::kReplay:
      return internal::Replay(*this,
                              {.file = command.recording,
                               .real = command.real,
                               .mock = command.mock,
                               .request = command.request_number,
                               .timeout = command.timeout,
                               .json = command.json},
                              LocalOptionsFrom(command));
    case internal::Verb::kServe:
      return internal::Serve(*placed, command);
  }
  return 2;
}

}  // namespace chains
