// Any bytes to a port that serves chainlets over gRPC: frames that are cut, corrupt, or none at
// all. The server neither crashes nor hangs, and answers the next caller.
//
// With the first byte odd, the rest follows HTTP/2's preface and an empty SETTINGS frame, so that
// frames are reached; else the input is all that is sent.
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "absl/time/clock.h"
#include "chains/contract/service.h"
#include "chains/core/text.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/process.h"
#include "chains/grpc/run_on.h"
#include "chains/grpc/server.h"

namespace chains {
namespace {

constexpr Method kEcho{
    .chainlet = "test.Echo", .name = "One", .path = "/test.Echo/One", .kind = MethodKind::kUnary};
constexpr std::string_view kHello("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
// How often an honest caller asks: each costs as much as several inputs.
constexpr int kAskEvery = 16;
constexpr absl::Duration kPatience = absl::Seconds(20);

// A server, an honest caller, and where others connect.
class Ends {
 public:
  Ends() : client_(workers_) {
    PrepareProcess();
    GrpcServer::Options options;
    options.listen = {Text("unix:", path_)};
    options.replica = "fuzzed";
    server_ = GrpcServer::Listen(std::move(options), workers_).value();
    Service service;
    service.AddUnary(kEcho, [](Bytes request) -> Task<Bytes> { co_return request; });
    server_->Serve(0, std::move(service));
    server_->Start();
    channel_ = std::make_unique<GrpcChannel>(server_->addresses().front(), client_);
    client_.Start();
  }

  // Everything in one go, then the end; what comes back is read until the server has closed, or for
  // as long as the socket's time is.
  void Send(std::string_view bytes) const {
    const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path_.copy(to.sun_path, sizeof(to.sun_path) - 1);
    if (connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) std::abort();
    const timeval little{.tv_sec = 0, .tv_usec = 20'000};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof(little));
    const ssize_t sent = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    shutdown(connection, SHUT_WR);
    char answer[4096];
    while (sent >= 0 && recv(connection, answer, sizeof(answer), 0) > 0) {
    }
    close(connection);
  }

  void AskHonestly() {
    const absl::StatusOr<Bytes> reply = RunOn(
        client_, [&] { return channel_->Unary(kEcho, Bytes("honest")); },
        Context().WithDeadline(absl::Now() + kPatience));
    if (!reply.ok() || reply->ToString() != "honest") std::abort();
  }

 private:
  const std::string path_ = Text("/tmp/chains_grpc_fuzz_", getpid(), ".sock");
  WorkerPool workers_;
  std::unique_ptr<GrpcServer> server_;
  Reactor client_;
  std::unique_ptr<GrpcChannel> channel_;
};

void Try(std::string_view input) {
  static auto* const ends = std::make_unique<Ends>().release();
  static int tried = 0;
  const bool greets = !input.empty() && input.front() % 2 == 1;
  if (greets) {
    ends->Send(Text(kHello, input.substr(1)));
  } else {
    ends->Send(input);
  }
  if (tried++ % kAskEvery == 0) ends->AskHonestly();
}

}  // namespace
}  // namespace chains

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
