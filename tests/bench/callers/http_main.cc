// bench-caller-http ADDRESS: POSTs over HTTP/1.1, in a closed loop or, with --rate, in an open one,
// and prints one line of JSON, the keys of load::ToJson().
//
//   bench-caller-http 127.0.0.1:8080 --names 3 --connections 32 --seconds 2 --pid 4711
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "deploy/load/http_load.h"
#include "tests/bench/callers/load_flags.h"

namespace bench {
namespace {

struct Flags {
  LoadFlags load;
  chains::load::HttpTarget target;
  std::string body;
  int names = 3;
};

// What the hello chain takes.
std::string Names(int count) {
  std::string body = "{\"names\": [";
  for (int i = 0; i < count; ++i) absl::StrAppend(&body, i == 0 ? "" : ", ", "\"Ada\"");
  return absl::StrCat(body, "]}");
}

void Declare(CLI::App& app, Flags& flags) {
  app.add_option("address", flags.target.address, "HOST:PORT or unix:PATH")->required();
  app.add_option("--path", flags.target.path);
  auto* body = app.add_option("--body", flags.body, "what is sent");
  app.add_option("--names", flags.names, "instead of --body: so many names for the hello chain")
      ->excludes(body)
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--connections", flags.load.plan.in_flight, "calls in flight, each on its own");
  DeclareLoad(app, flags.load);
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
  flags.target.payloads = {{.body = flags.body.empty() ? Names(flags.names) : flags.body}};
  return End("bench-caller-http", flags.load,
             chains::load::RunHttp(flags.target, PlanFrom(flags.load)));
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
