#include "deploy/apiserver/port_forward.h"

#include <latch>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "../temp_folder.h"
#include "absl/strings/escaping.h"
#include "chains/testing/status_matchers.h"
#include "deploy/apiserver/object.h"
#include "deploy/apiserver/pod_picker.h"
#include "deploy/apiserver/port_frames.h"
#include "tests/support/http/test_server.h"

namespace chains::deploy {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;
using testing::TestCertificates;
using testing::TestServer;
using Connection = TestServer::Connection;

Json Pod(const std::string& name, bool ready) {
  return Json{{"metadata", {{"name", name}}},
              {"status",
               {{"phase", "Running"},
                {"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}}}}};
}

TEST(ReadyPodOf, PrefersOneThatDidNotFail) {
  ObjectList pods;
  EXPECT_THAT(ReadyPodOf(pods, ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no such pod")));
  pods.items = {Pod("a", false)};
  EXPECT_THAT(ReadyPodOf(pods, ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("a: Running, not ready")));
  pods.items = {Pod("a", false), Pod("b", true), Pod("c", true)};
  EXPECT_THAT(ReadyPodOf(pods, ""), IsOkAndHolds("b"));
  EXPECT_THAT(ReadyPodOf(pods, "b"), IsOkAndHolds("c"));
  pods.items[2]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_THAT(ReadyPodOf(pods, "b"), IsOkAndHolds("b"));
}

TEST(PortFrames, TakesDataAfterThePort) {
  using std::string_literals::operator""s;
  PortFrames frames(7070);
  EXPECT_THAT(frames.Take("\x00\x9e\x1b"s), IsOkAndHolds(""));
  EXPECT_THAT(frames.Take("\x01\x9e\x1b"s), IsOkAndHolds(""));
  EXPECT_THAT(frames.Take("\0ab"s), IsOkAndHolds("ab"));
  EXPECT_THAT(frames.Take(""), IsOkAndHolds(""));
  EXPECT_THAT(frames.Take("\x01"s), IsOkAndHolds(""));
  EXPECT_THAT(frames.Take("\x01no"s), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no")));
  EXPECT_THAT(frames.Take("\x02no"s), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(PortFrames(7070).Take("\x00\x9e"s), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(PortFrames(7070).Take("\x00\x9f\x1b"s), StatusIs(absl::StatusCode::kInternal));
}

// A WebSocket on the server's side.
class ServerSocket {
 public:
  explicit ServerSocket(Connection& client) : client_(client) {}

  void Accept(const std::string& request) {
    const std::string name = "Sec-WebSocket-Key: ";
    const size_t at = request.find(name) + name.size();
    const std::string key =
        request.substr(at, request.find("\r\n", at) - at) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::string digest(SHA_DIGEST_LENGTH, '\0');
    SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
    client_.Write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\nSec-WebSocket-Accept: " +
        absl::Base64Escape(digest) + "\r\n\r\n");
  }
  void Send(const std::string& message, int opcode = 2) {
    std::string head = {static_cast<char>(0x80 | opcode)};
    if (message.size() < 126) {
      head += static_cast<char>(message.size());
    } else {
      head += {126, static_cast<char>(message.size() >> 8), static_cast<char>(message.size())};
    }
    client_.Write(head + message);
  }
  // A data message; empty: the client closes. Fragments are messages, as for Kubernetes.
  std::string Receive() {
    while (true) {
      const std::string head = client_.ReadBytes(2);
      const int opcode = head.empty() ? 8 : head[0] & 0xf;
      if (head.size() < 2 || opcode == 8) return "";
      size_t size = head[1] & 0x7f;
      EXPECT_LT(size, 127u);
      if (size == 126) {
        const std::string more = client_.ReadBytes(2);
        size = static_cast<size_t>(static_cast<unsigned char>(more[0]) << 8 |
                                   static_cast<unsigned char>(more[1]));
      }
      const std::string mask = client_.ReadBytes(4);
      std::string message = client_.ReadBytes(size);
      for (size_t i = 0; i < message.size(); ++i) message[i] ^= mask[i % 4];
      if (opcode != 10) return message;
    }
  }

 private:
  Connection& client_;
};

// An API server with pods "gone" (it is listed, and is not there), "mute" (nobody listens on its
// port) and "echo".
class FakeCluster {
 public:
  FakeCluster(std::set<std::string> ready, const TestServer::Tls& tls = {})
      : server_([this, ready](Connection& client) { Serve(client, ready); }, tls) {}

  TestServer& server() { return server_; }
  std::latch& ended() { return ended_; }

 private:
  void Serve(Connection& client, const std::set<std::string>& ready) {
    for (std::string request = client.Read(); !request.empty(); request = client.Read()) {
      if (request.find("/portforward") != request.npos) return Forward(client, request);
      Json list = {{"kind", "PodList"}, {"apiVersion", "v1"}, {"items", Json::array()}};
      EXPECT_THAT(request, HasSubstr("/api/v1/namespaces/chains/pods?labelSelector=app%3Dx&"));
      for (const std::string& name : ready) list["items"].push_back(Pod(name, true));
      client.Write(TestServer::Ok(ToText(list)));
    }
  }

  void Forward(Connection& client, const std::string& request) {
    using std::string_literals::operator""s;
    EXPECT_THAT(request, HasSubstr("Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n"));
    EXPECT_THAT(request, HasSubstr("Authorization: Bearer secret\r\n"));
    if (request.find("/pods/echo/portforward?ports=7070 ") == request.npos &&
        request.find("/pods/mute/portforward?ports=7070 ") == request.npos) {
      client.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
      return;
    }
    ServerSocket socket(client);
    socket.Accept(request);
    socket.Send("\x00\x9e\x1b"s);
    socket.Send("\x01\x9e\x1b"s);
    if (request.find("/pods/mute/") != request.npos) {
      socket.Send(
          "\x01"
          "connection refused");
      return client.WaitForEnd();
    }
    for (std::string said = socket.Receive(); !said.empty(); said = socket.Receive()) {
      if (said[0] != '\0') return;
      if (said == "\0bye"s) return;
      socket.Send("ping", 9);
      socket.Send(said);
    }
    if (!ended_.try_wait()) ended_.count_down();
  }

  std::latch ended_{1};
  TestServer server_;
};

class Client {
 public:
  explicit Client(const PortForward& forward) {
    socket_.connect(
        {boost::asio::ip::address_v4::loopback(), static_cast<unsigned short>(forward.port())});
  }
  // What comes back, as long as what was sent; less: the connection ended.
  std::string Ask(const std::string& text) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(text), error);
    std::string answer(text.size(), '\0');
    answer.resize(boost::asio::read(socket_, boost::asio::buffer(answer), error));
    return answer;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_{io_};
};

std::unique_ptr<PortForward> ForwardTo(FakeCluster& cluster, ServerAddress address = {.url = ""}) {
  if (address.url.empty()) address.url = cluster.server().url();
  address.token = [] { return std::string("secret"); };
  auto forward = PortForward::Open(address, {"chains", "app=x", 7070});
  EXPECT_THAT(forward, IsOk());
  return *std::move(forward);
}

TEST(PortForward, CarriesConnections) {
  FakeCluster cluster({"echo"});
  const auto forward = ForwardTo(cluster);
  EXPECT_THAT(forward->address(), HasSubstr("127.0.0.1:"));
  Client one(*forward);
  Client two(*forward);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(one.Ask("hello"), "hello");
    const std::string large(200'000, static_cast<char>('a' + i));
    EXPECT_TRUE(two.Ask(large) == large);
  }
  EXPECT_THAT(forward->problem(), IsOk());
}

TEST(PortForward, EndsWithEitherSide) {
  FakeCluster cluster({"echo"});
  const auto forward = ForwardTo(cluster);
  EXPECT_EQ(Client(*forward).Ask("bye"), "");
  EXPECT_EQ(Client(*forward).Ask("hello"), "hello");
  cluster.ended().wait();
}

TEST(PortForward, TakesAnotherPodWhereOneIsGone) {
  FakeCluster cluster({"away", "echo"});
  const auto forward = ForwardTo(cluster);
  EXPECT_EQ(Client(*forward).Ask("hello"), "hello");
}

TEST(PortForward, SaysWhyThereIsNoConnection) {
  FakeCluster none({});
  const auto to_none = ForwardTo(none);
  EXPECT_EQ(Client(*to_none).Ask("hello"), "");
  EXPECT_THAT(to_none->problem(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("app=x in namespace 'chains'")));
  FakeCluster gone({"gone"});
  const auto to_gone = ForwardTo(gone);
  EXPECT_EQ(Client(*to_gone).Ask("hello"), "");
  EXPECT_THAT(to_gone->problem(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("HTTP 404")));
  FakeCluster mute({"mute"});
  const auto to_mute = ForwardTo(mute);
  EXPECT_EQ(Client(*to_mute).Ask("hello"), "");
  EXPECT_THAT(to_mute->problem(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("connection refused")));
}

TEST(PortForward, RefusesWhatItCannotDo) {
  EXPECT_THAT(PortForward::Open({.url = "https://x"}, {"chains", "app=x", 0}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PortForward::Open({.url = "https://x", .proxy = "socks5://y"}, {"chains", "a=b", 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("proxy-url")));
  EXPECT_THAT(PortForward::Open({.url = "https://x", .ca = "-----BEGIN"}, {"chains", "a=b", 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("authority")));
}

TEST(PortForward, SpeaksTls) {
  TempFolder folder;
  const TestCertificates certificates(folder.path());
  FakeCluster cluster({"echo"}, {.certificate = certificates.Path("server.pem"),
                                 .key = certificates.Path("server.key"),
                                 .client_ca = certificates.Path("ca.pem")});
  ServerAddress address{.url = "",
                        .ca = certificates.Text("ca.pem"),
                        .certificate = certificates.Text("client.pem"),
                        .key = certificates.Text("client.key")};
  EXPECT_EQ(Client(*ForwardTo(cluster, address)).Ask("hello"), "hello");
  address.server_name = "api.test";
  EXPECT_EQ(Client(*ForwardTo(cluster, address)).Ask("hello"), "hello");
  address.server_name = "other.test";
  EXPECT_EQ(Client(*ForwardTo(cluster, address)).Ask("hello"), "");
}

}  // namespace
}  // namespace chains::deploy
