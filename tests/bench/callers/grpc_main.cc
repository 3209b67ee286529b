// bench-caller-grpc ADDRESS: unary calls over gRPC, in a closed loop or, with --rate, in an open
// one, and prints one line of JSON, the keys of load::ToJson(). It sends bench.EchoRequest, of
// which every so often one may take long; those are not counted.
//
//   bench-caller-grpc unix:/tmp/bench.sock --in-flight 16 --seconds 2 --pid 4711
#include <algorithm>
#include <string>

#include "CLI/CLI.hpp"
#include "chains/grpc/process.h"
#include "deploy/load/grpc_load.h"
#include "tests/bench/bench.pb.h"
#include "tests/bench/callers/load_flags.h"

namespace bench {
namespace {

struct Flags {
  LoadFlags load;
  std::string address;
  std::string method = "/bench.Echo/RunRemote";
  int size = 30;
  int slow_every = 0;
  int slow_ms = 50;
};

void Declare(CLI::App& app, Flags& flags) {
  app.add_option("address", flags.address, "HOST:PORT or unix:PATH")->required();
  app.add_option("--method", flags.method, "that takes bench.EchoRequest");
  app.add_option("--in-flight", flags.load.plan.in_flight, "calls at a time, at most");
  app.add_option("--size", flags.size, "bytes of an echo")->check(CLI::Range(0, 100'000'000));
  app.add_option("--slow-every", flags.slow_every, "one in so many calls is slow; 0: none")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--slow-ms", flags.slow_ms)->check(CLI::Range(1, 10'000));
  DeclareLoad(app, flags.load);
}

std::string Message(const Flags& flags, int sleep_ms) {
  EchoRequest request;
  request.set_payload(std::string(flags.size, 'x'));
  request.set_sleep_ms(sleep_ms);
  return request.SerializeAsString();
}

chains::load::GrpcTarget TargetOf(const Flags& flags) {
  chains::load::GrpcTarget target{.address = flags.address, .method = flags.method};
  target.payloads.resize(std::max(1, flags.slow_every), {.body = Message(flags, 0)});
  if (flags.slow_every > 0) {
    target.payloads[0] = {.body = Message(flags, flags.slow_ms), .counted = false};
  }
  return target;
}

int Main(int argc, char** argv) {
  chains::PrepareProcess();
  Flags flags;
  CLI::App app("calls a server of the bench over gRPC in a closed or an open loop");
  Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return End("bench-caller-grpc", flags.load,
             chains::load::RunGrpc(TargetOf(flags), PlanFrom(flags.load)));
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
