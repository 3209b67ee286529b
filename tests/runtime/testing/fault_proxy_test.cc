// FaultProxy over sockets: what it does to those who are connected through it.
#include "chains/testing/fault_proxy.h"

#include <cerrno>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "chains/testing/proxy_socket.h"
#include "chains/testing/status_matchers.h"

namespace chains::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kPatienceMs = 20'000;

bool Await(const ProxySocket& socket, short events, int within_ms = kPatienceMs) {
  pollfd wait = {.fd = socket.descriptor(), .events = events, .revents = 0};
  return ::poll(&wait, 1, within_ms) == 1;
}
// The next bytes; "" at the end, "(reset)" after a reset, "(nothing)" where none come.
std::string Receive(const ProxySocket& socket, int within_ms = kPatienceMs) {
  if (!Await(socket, POLLIN, within_ms)) return "(nothing)";
  char buffer[4096];
  const ssize_t got = ::recv(socket.descriptor(), buffer, sizeof(buffer), 0);
  if (got < 0) return errno == ECONNRESET ? "(reset)" : "(error)";
  return std::string(buffer, static_cast<size_t>(got));
}
void Send(const ProxySocket& socket, const std::string& text) {
  ASSERT_TRUE(Await(socket, POLLOUT));
  EXPECT_EQ(::send(socket.descriptor(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

class FaultProxyTest : public ::testing::Test {
 protected:
  FaultProxyTest() : target_(*ListenAt("127.0.0.1:0")) {
    absl::StatusOr<std::unique_ptr<FaultProxy>> proxy =
        FaultProxy::Start({.target = BoundAddress(target_, "127.0.0.1:0")});
    EXPECT_TRUE(proxy.ok()) << proxy.status();
    proxy_ = *std::move(proxy);
  }
  void Set(const char* text) {
    const absl::StatusOr<ProxyFaults> faults = ParseProxyFaults(text);
    ASSERT_TRUE(faults.ok()) << faults.status();
    proxy_->Set(*faults);
  }
  ProxySocket Client() { return ConnectTo(proxy_->address()); }
  ProxySocket Accepted() {
    EXPECT_TRUE(Await(target_, POLLIN));
    return AcceptFrom(target_);
  }

  ProxySocket target_;
  std::unique_ptr<FaultProxy> proxy_;
};

TEST_F(FaultProxyTest, PassesBytesAndEndsBothWays) {
  const ProxySocket client = Client();
  const ProxySocket server = Accepted();
  Send(client, "question");
  EXPECT_EQ(Receive(server), "question");
  ::shutdown(client.descriptor(), SHUT_WR);
  EXPECT_EQ(Receive(server), "");
  Send(server, "answer");
  EXPECT_EQ(Receive(client), "answer");
  ::shutdown(server.descriptor(), SHUT_WR);
  EXPECT_EQ(Receive(client), "");
}

TEST_F(FaultProxyTest, DelaysWhatPasses) {
  Set("to-target: delay=100ms");
  const ProxySocket client = Client();
  const ProxySocket server = Accepted();
  const absl::Time before = absl::Now();
  Send(client, "late");
  EXPECT_EQ(Receive(server), "late");
  EXPECT_GE(absl::Now() - before, absl::Milliseconds(100));
}

TEST_F(FaultProxyTest, CutsAConnectionInTheMiddleOfAWord) {
  Set("to-client: cut=3");
  const ProxySocket client = Client();
  const ProxySocket server = Accepted();
  Send(server, "answer");
  std::string got = Receive(client);
  if (got == "ans") got = Receive(client);
  EXPECT_EQ(got, "(reset)");
  EXPECT_EQ(Receive(server), "(reset)");
}

TEST_F(FaultProxyTest, AHalfOpenConnectionGoesOnInOneDirection) {
  Set("to-target: stall=0");
  const ProxySocket client = Client();
  const ProxySocket server = Accepted();
  Send(client, "lost");
  Send(server, "answer");
  EXPECT_EQ(Receive(client), "answer");
  EXPECT_EQ(Receive(server, 0), "(nothing)");
}

TEST_F(FaultProxyTest, APartitionHoldsWhatItLetsThroughWhenItIsOver) {
  const ProxySocket client = Client();
  const ProxySocket server = Accepted();
  Send(client, "1");
  EXPECT_EQ(Receive(server), "1");
  Set("blackhole");
  const ProxySocket late = Client();  // the kernel answers for the proxy
  Send(client, "2");
  Send(late, "3");
  EXPECT_EQ(Receive(server, 50), "(nothing)");
  Set("");
  EXPECT_EQ(Receive(server), "2");
  EXPECT_EQ(Receive(Accepted()), "3");
}

TEST_F(FaultProxyTest, ResetsAllWhenAskedTo) {
  const ProxySocket client = Client();
  const ProxySocket server = Accepted();
  Send(client, "1");
  EXPECT_EQ(Receive(server), "1");
  proxy_->ResetAll();
  EXPECT_EQ(Receive(client), "(reset)");
  EXPECT_EQ(Receive(server), "(reset)");
}

TEST_F(FaultProxyTest, RefusesWhoConnectsAndResetsWhoFindsNobody) {
  Set("refuse");
  EXPECT_EQ(Receive(Client()), "(reset)");
  // A port that is taken, so that no other process listens there, and where nobody does.
  const ProxySocket taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any = {};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(taken.descriptor(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)), 0);
  const auto proxy = FaultProxy::Start({.target = BoundAddress(taken, "127.0.0.1:0")});
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  EXPECT_EQ(Receive(ConnectTo((*proxy)->address())), "(reset)");
}

TEST_F(FaultProxyTest, CorruptsWhatPasses) {
  Set("corrupt=1");
  const ProxySocket client = Client();
  const ProxySocket server = Accepted();
  Send(client, std::string(100, 'a'));
  EXPECT_NE(Receive(server), std::string(100, 'a'));
}

TEST_F(FaultProxyTest, CountsWhatPassed) {
  const ProxySocket client = Client();
  const ProxySocket server = Accepted();
  Send(client, "four");
  EXPECT_EQ(Receive(server), "four");
  Send(server, "!");
  EXPECT_EQ(Receive(client), "!");
  // Counted in the turn in which it passed, which may be a moment after it arrived.
  const absl::Time until = absl::Now() + absl::Milliseconds(kPatienceMs);
  while (proxy_->counts().bytes_to_client < 1 && absl::Now() < until) ::poll(nullptr, 0, 1);
  EXPECT_EQ(proxy_->counts().accepted, 1);
  EXPECT_EQ(proxy_->counts().open, 1);
  EXPECT_EQ(proxy_->counts().bytes_to_target, 4);
  EXPECT_EQ(proxy_->counts().bytes_to_client, 1);
}

TEST(FaultProxyAddressTest, GoesFromAPathToAPort) {
  const std::string path = "/tmp/chains_fault_proxy_" + std::to_string(::getpid());
  const ProxySocket target = *ListenAt("127.0.0.1:0");
  auto proxy =
      FaultProxy::Start({.listen = "unix:" + path, .target = BoundAddress(target, "127.0.0.1:0")});
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  const ProxySocket client = ConnectTo((*proxy)->address());
  ASSERT_TRUE(Await(target, POLLIN));
  const ProxySocket server = AcceptFrom(target);
  Send(client, "by path");
  EXPECT_EQ(Receive(server), "by path");
  ::unlink(path.c_str());
}

TEST(FaultProxyAddressTest, NamesAnAddressThatMakesNoSense) {
  EXPECT_THAT(FaultProxy::Start({.target = "nowhere"}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nowhere")));
  EXPECT_THAT(FaultProxy::Start({.listen = "1.2.3:4", .target = "127.0.0.1:1"}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1.2.3:4")));
}

}  // namespace
}  // namespace chains::testing
