// bench-caller-http ADDRESS: POSTs over HTTP/1.1, in a closed loop or, with --rate, in an open one,
// and prints one line of JSON, the keys of load::ToJson().
//
//   bench-caller-http unix:/tmp/hello.sock --names 3 --connections 32 --seconds 2 --pid 4711
#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "deploy/load/http_load.h"

namespace bench {
namespace {

struct Flags {
  chains::load::HttpTarget target;
  chains::load::Plan plan;
  std::string body;
  int names = 3;
  double seconds = 0;
  double timeout_seconds = 10;
  bool count_errors = false;
};

// What the hello chain takes.
std::string Names(int count) {
  std::string body = "{\"names\": [";
  for (int i = 0; i < count; ++i) absl::StrAppend(&body, i == 0 ? "" : ", ", "\"Ada\"");
  return absl::StrCat(body, "]}");
}

void Declare(CLI::App& app, Flags& flags) {
  chains::load::Plan& plan = flags.plan;
  app.add_option("address", flags.target.address, "HOST:PORT or unix:PATH")->required();
  app.add_option("--path", flags.target.path);
  auto* body = app.add_option("--body", flags.body, "what is sent");
  app.add_option("--names", flags.names, "instead of --body: so many names for the hello chain")
      ->excludes(body)
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--connections", plan.in_flight, "calls in flight, each on its own");
  app.add_option("--rate", plan.rate,
                 "calls a second, whether or not answers come; 0: closed loop");
  app.add_option("--seconds", flags.seconds, "of measuring; without it and --calls: 1");
  app.add_option("--calls", plan.calls, "to measure");
  app.add_option("--warm-up", plan.warm_up, "calls that are not counted");
  app.add_option("--timeout", flags.timeout_seconds, "seconds, of each call");
  app.add_flag("--count-errors", flags.count_errors,
               "go on after an error; else the first one ends it");
  app.add_option("--pid", plan.processes, "whose processor time is told, too");
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("posts to an HTTP server in a closed or an open loop");
  Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (flags.seconds == 0 && flags.plan.calls == 0) flags.seconds = 1;
  flags.plan.duration = absl::Seconds(flags.seconds);
  flags.plan.timeout = absl::Seconds(flags.timeout_seconds);
  flags.plan.max_errors = flags.count_errors ? 0 : 1;
  flags.target.payloads = {{.body = flags.body.empty() ? Names(flags.names) : flags.body}};
  const auto report = chains::load::RunHttp(flags.target, flags.plan);
  if (!report.ok()) {
    std::fprintf(stderr, "bench-caller-http: %s\n", std::string(report.status().message()).c_str());
    return 1;
  }
  std::printf("%s\n", chains::load::ToJson(*report).c_str());
  if (flags.count_errors || report->errors == 0) return 0;
  std::fprintf(stderr, "bench-caller-http: %s: %s\n", flags.target.address.c_str(),
               report->first_error.c_str());
  return 1;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
