#include "chains/main/command_line.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace chains::internal {
namespace {

constexpr int kMostInFlight = 1'000'000;

// "NAME=VALUE" → both; CLI11 shows the message with the flag's name.
std::pair<std::string, std::string> Split(const std::string& flag, const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
    throw CLI::ValidationError(flag, absl::StrCat("\"", text, "\" is not NAME=VALUE"));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

absl::Duration ParseTime(const std::string& flag, const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration <= absl::ZeroDuration()) {
    throw CLI::ValidationError(
        flag, absl::StrCat("\"", text, "\" is no duration such as 500ms, 60s or 5m"));
  }
  return duration;
}

std::string ReadRequest(const std::string& argument) {
  if (argument != "-" && (argument.empty() || argument[0] != '@')) return argument;
  std::ostringstream content;
  if (argument == "-") {
    content << std::cin.rdbuf();
    return content.str();
  }
  std::ifstream file(argument.substr(1), std::ios::binary);
  if (!file) {
    throw CLI::ValidationError("JSON", absl::StrCat("cannot read the file ", argument.substr(1)));
  }
  content << file.rdbuf();
  return content.str();
}

void AddFaults(const std::string& text, Faults& faults) {
  absl::StatusOr<Faults> parsed = ParseFaults(text);
  if (!parsed.ok()) {
    throw CLI::ValidationError("--fault", std::string(parsed.status().message()));
  }
  faults.insert(faults.end(), parsed->begin(), parsed->end());
}

// Texts as typed, before they mean anything.
struct Raw {
  std::string request;
  std::string placement = "together";
  std::string timeout = "60s";
  std::string drain_timeout = "30s";
  std::string platform_timeout = "30s";
  std::vector<std::string> endpoints;
  std::vector<std::string> secrets;
  std::vector<std::string> variables;
  std::vector<std::string> assets;
  std::vector<std::string> faults;
  std::vector<std::string> urls;
};

void AddContextFlags(CLI::App& app, CommandLine& command, Raw& raw) {
  app.add_option("--secret", raw.secrets, "a secret for chainlets that declare it: NAME=FILE")
      ->allow_extra_args(false);
  app.add_option("--variable", raw.variables,
                 "the value of a variable that a chainlet declares: NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--asset", raw.assets, "where an asset that a chainlet declares is: NAME=PATH")
      ->allow_extra_args(false);
  app.add_option("--fault", raw.faults,
                 "what goes wrong with a share of the calls to a chainlet, for tests: "
                 "\"SayHello: 1% UNAVAILABLE, 5% +200ms\"")
      ->allow_extra_args(false);
  app.add_option("--url", raw.urls,
                 "call what the chain needs of somebody else's deployment there: CALLEE=URL")
      ->allow_extra_args(false);
  app.add_option("--data-dir", command.data_dir, "a folder that chainlets may read");
  app.add_option("--environment", command.environment,
                 "the environment's name, as chainlets see it");
}

void AddServeFlags(CLI::App& serve, CommandLine& command, Raw& raw) {
  serve.add_option("--chainlets", command.chainlets, "which chainlets, by name (default: all)")
      ->delimiter(',');
  serve
      .add_option("--listen", command.listen,
                  "address: HOST:PORT or unix:PATH (default: 127.0.0.1:0; :0 chooses a port)")
      ->delimiter(',');
  serve
      .add_option("--endpoints", raw.endpoints,
                  "where other chainlets are: NAME=ADDRESS, once per replica")
      ->delimiter(',');
  serve.add_option("--health-listen", command.health_listen,
                   "a second port that answers health only");
  serve
      .add_option("--zone", command.zone,
                  "where this process runs: calls prefer replicas of the same zone")
      ->envname("CHAINS_ZONE");
  serve
      .add_flag(
          "--no-carriers", command.no_carriers,
          "every call is one of gRPC's: for proxies on the way that spread calls, which would "
          "find streams that many small ones share")
      ->envname("CHAINS_NO_CARRIERS");
  serve.add_option("--http", command.http, "answer HTTP here as well: HOST:PORT");
  serve.add_option("--metrics", command.metrics, "answer Prometheus here, at /metrics: HOST:PORT");
  serve.add_option("--replica", command.replica, "the name of this process in errors");
  serve.add_option("--drain-timeout", raw.drain_timeout, "how long SIGTERM waits for what runs");
  serve.add_option(
      "--run-dir", command.run_dir,
      "a folder of this process alone, whose file `lock` it locks as long as it lives");
  serve.add_option("--identity", command.identity,
                   "a folder with who this process is, identity.pem and roots.pem: it calls and is "
                   "called over TLS in which both ends show a certificate (mTLS); with --platform, "
                   "which makes the certificate, the files are written there");
}

// --NAME and --no-NAME, one of them.
void AddSwitch(CLI::App& serve, const std::string& name, std::optional<bool>& value,
               const std::string& what) {
  CLI::Option* on = serve.add_flag_callback(
      "--" + name, [&value] { value = true; }, what);
  serve
      .add_flag_callback(
          "--no-" + name, [&value] { value = false; }, "none, whatever the chain declares")
      ->excludes(on);
}

void AddPolicyFlags(CLI::App& serve, PolicyOverrides& policies) {
  serve
      .add_option("--max-in-flight", policies.max_in_flight,
                  "how many calls every dependency has at a time, whatever the chain declares")
      ->check(CLI::Range(1, kMostInFlight));
  serve.add_flag("--limits-dry-run", policies.limits_dry_run,
                 "limits refuse nothing, and count what they would have refused");
  AddSwitch(serve, "hedge", policies.hedging,
            "second attempts for slow calls, of all that may be repeated");
  AddSwitch(serve, "circuit", policies.circuits, "a circuit breaker for every dependency");
}

void AddPlatformFlags(CLI::App& serve, CommandLine& command, Raw& raw) {
  CLI::Option* platform = serve.add_option(
      "--platform", command.platform,
      "be a replica of the platform at this address, which says where other chainlets are");
  CLI::Option* deployment =
      serve.add_option("--deployment", command.deployment, "the deployment's id there");
  CLI::Option* token =
      serve.add_option("--token-file", command.token_file, "a file with the deployment's token");
  CLI::Option* timeout = serve.add_option("--platform-timeout", raw.platform_timeout,
                                          "how long to go on without the platform (default: 30s)");
  CLI::Option* roots =
      serve.add_option("--platform-roots", command.platform_roots,
                       "PEM file with the platform's root certificate: it is reached over TLS");
  platform->needs(deployment, token, serve.get_option("--replica"))
      ->excludes(serve.get_option("--endpoints"));
  for (CLI::Option* option : {deployment, token, timeout, roots}) option->needs(platform);
}

void AddReplayFlags(CLI::App& replay, CommandLine& command, Raw& raw) {
  replay.add_option("FILE", command.recording, "what `chains record` wrote")->required();
  replay
      .add_option("--real", command.real,
                  "which chainlets run; the others answer as they did when they were recorded "
                  "(default: the entrypoint)")
      ->delimiter(',');
  replay
      .add_option("--mock", command.mock,
                  "or which answer as they did; the others run (rest: what --real does not name)")
      ->delimiter(',');
  replay.add_option("--request", command.request_number, "only the request of that number, from 1")
      ->check(CLI::PositiveNumber);
  replay.add_option("--timeout", raw.timeout, "how long to wait for an answer");
  replay.add_flag("--json", command.json, "a line of JSON for each request, and one for all");
}

void Interpret(Verb verb, const Raw& raw, CommandLine& command) {
  command.verb = verb;
  for (const std::string& secret : raw.secrets) {
    command.secret_files.insert(Split("--secret", secret));
  }
  for (const std::string& variable : raw.variables) {
    command.variables.insert(Split("--variable", variable));
  }
  for (const std::string& fault : raw.faults) AddFaults(fault, command.faults);
  for (const std::string& url : raw.urls) command.urls.insert(Split("--url", url));
  for (const std::string& asset : raw.assets) command.assets.insert(Split("--asset", asset));
  if (verb == Verb::kReplay) {
    command.timeout = ParseTime("--timeout", raw.timeout);
  } else if (verb == Verb::kRun) {
    command.request_json = ReadRequest(raw.request);
    command.timeout = ParseTime("--timeout", raw.timeout);
    command.placement = raw.placement == "together"   ? Placement::kTogether
                        : raw.placement == "loopback" ? Placement::kLoopback
                                                      : Placement::kGrpc;
  } else {
    command.drain_timeout = ParseTime("--drain-timeout", raw.drain_timeout);
    command.platform_timeout = ParseTime("--platform-timeout", raw.platform_timeout);
    for (const std::string& endpoint : raw.endpoints) {
      auto [name, address] = Split("--endpoints", endpoint);
      command.endpoints[name].push_back(address);
    }
  }
}

}  // namespace

ParsedCommandLine ParseCommandLine(const std::string& chain, int argc, const char* const* argv) {
  ParsedCommandLine parsed;
  CommandLine& command = parsed.command;
  Raw raw;
  CLI::App app(absl::StrCat("The chain ", chain, "."));
  bool describe = false;
  app.add_flag("--describe", describe,
               "print the manifest as JSON: chainlets, methods, graph, resources");
  // For `chains push`, so --help is silent about it.
  bool describe_wire = false;
  app.add_flag("--describe-wire", describe_wire,
               "print manifest and contracts as a serialized chains.v1.DescribeResponse")
      ->group("");

  CLI::App& run = *app.add_subcommand("run", "answer one request in this process");
  run.add_option("JSON", raw.request,
                 "the entrypoint's request; @FILE or - (standard input) to read it")
      ->required();
  run.add_option("--method", command.method,
                 "of the entrypoint, in snake_case (default: run_remote)");
  run.add_option("--placement", raw.placement, "together, loopback or grpc")
      ->check(CLI::IsMember({"together", "loopback", "grpc"}));
  run.add_option("--timeout", raw.timeout, "how long to wait for the answer");
  run.add_flag("--trace", command.trace,
               "show afterwards, on standard error, which calls there were and how long they took");
  AddContextFlags(run, command, raw);

  CLI::App& replay = *app.add_subcommand(
      "replay", "repeat recorded requests in this process, and compare the answers");
  AddReplayFlags(replay, command, raw);
  AddContextFlags(replay, command, raw);

  CLI::App& serve = *app.add_subcommand("serve", "answer gRPC calls until SIGTERM");
  AddServeFlags(serve, command, raw);
  AddPolicyFlags(serve, command.policies);
  AddPlatformFlags(serve, command, raw);
  AddContextFlags(serve, command, raw);

  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
    if (run.parsed()) {
      Interpret(Verb::kRun, raw, command);
    } else if (replay.parsed()) {
      Interpret(Verb::kReplay, raw, command);
    } else if (serve.parsed()) {
      Interpret(Verb::kServe, raw, command);
    } else if (describe) {
      command.verb = Verb::kDescribe;
    } else if (describe_wire) {
      command.verb = Verb::kDescribeWire;
    }
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : 2;
  }
  return parsed;
}

}  // namespace chains::internal
