// bench-caller-open ADDRESS --rate R --seconds S: calls bench.Echo at a stated rate, whether or not
// earlier calls were answered, and prints how long answers took *from when their calls were due*.
// Every so often a call may be a slow one; those are not counted.
#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "chains/grpc/process.h"
#include "deploy/load/grpc_load.h"
#include "tests/bench/bench.pb.h"

namespace bench {
namespace {

struct Options {
  std::string address;
  double rate = 1000;
  double seconds = 2;
  int size = 30;
  int slow_every = 0;
  int slow_ms = 50;
};

std::string Message(const Options& options, int sleep_ms) {
  EchoRequest request;
  request.set_payload(std::string(options.size, 'x'));
  request.set_sleep_ms(sleep_ms);
  return request.SerializeAsString();
}

chains::load::GrpcTarget TargetOf(const Options& options) {
  chains::load::GrpcTarget target{.address = options.address, .method = "/bench.Echo/RunRemote"};
  target.payloads.resize(std::max(1, options.slow_every), {.body = Message(options, 0)});
  if (options.slow_every > 0) {
    target.payloads[0] = {.body = Message(options, options.slow_ms), .counted = false};
  }
  return target;
}

int Main(int argc, char** argv) {
  chains::PrepareProcess();
  Options options;
  CLI::App app("calls bench.Echo at a stated rate");
  app.add_option("address", options.address)->required();
  app.add_option("--rate", options.rate, "calls a second")->check(CLI::Range(1.0, 1e6));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.01, 600.0));
  app.add_option("--size", options.size, "bytes of an echo")->check(CLI::Range(0, 100'000'000));
  app.add_option("--slow-every", options.slow_every, "one in so many calls is slow; 0: none")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--slow-ms", options.slow_ms)->check(CLI::Range(1, 10'000));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const auto report =
      chains::load::RunGrpc(TargetOf(options), {.in_flight = 10'000,
                                                .rate = options.rate,
                                                .duration = absl::Seconds(options.seconds),
                                                .max_errors = 1,
                                                .warm_up = 100});
  if (!report.ok() || report->errors > 0) {
    std::fprintf(
        stderr, "%s: %s\n", options.address.c_str(),
        report.ok() ? report->first_error.c_str() : std::string(report.status().message()).c_str());
    return 1;
  }
  std::printf("%s\n", chains::load::ToJson(*report).c_str());
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
