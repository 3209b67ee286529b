// bench-hello: the hello chain as its own program serves it, and in the two ways that it does not:
//
//   bench-hello serve … --http ADDRESS    with the gateway inside
//   bench-hello loopback ADDRESS          in one process, with calls in wire format
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include "chains/chain/assembly.h"
#include "chains/chain/chain.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/process.h"
#include "chains/grpc/server.h"
#include "hello_chain.h"

namespace bench {
namespace {

namespace internal = chains::internal;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "bench-hello: %s\n", std::string(status.message()).c_str());
  return 1;
}

int ServeLoopback(const internal::ChainSpec& chain, const std::string& address) {
  chains::PrepareProcess();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  chains::WorkerPool workers;
  chains::GrpcServer::Options options;
  options.listen = {address};
  auto server = chains::GrpcServer::Listen(std::move(options), workers);
  if (!server.ok()) return Fail(server.status());
  chains::Counters counters;
  internal::Assembly::Options assembled;
  assembled.replica = "loopback";
  assembled.local_calls = internal::LocalCalls::kInWireFormat;
  auto assembly = internal::Assembly::Build(chain, std::move(assembled), counters);
  if (!assembly.ok()) return Fail(assembly.status());
  (*server)->Serve(0, (*assembly)->service());
  (*server)->Start();
  std::printf("listening on %s\n", (*server)->addresses().front().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  (*server)->Drain(absl::Now() + absl::Seconds(1));
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  chains::Chain chain("hello");
  chain.Add<hello::Polite>();
  chain.Add<hello::Greeter>(chains::Needs<hello::SayHello>{.attempts = 3}).Entrypoint();
  if (argc == 3 && std::string_view(argv[1]) == "loopback") {
    return bench::ServeLoopback(chain.spec(), argv[2]);
  }
  return chain.Main(argc, argv);
}
