// Clients of WebSockets that do anything, in any order: whatever it was, afterwards nothing is left
// of them.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/gateway/http/web_socket_fixture.h"

namespace chains::gateway {
namespace {

class RandomClients {
 public:
  RandomClients(unsigned seed, std::string address) : random_(seed), address_(std::move(address)) {}

  void Act() {
    const size_t which = Pick(6);
    if (which >= clients_.size()) {
      clients_.push_back(std::make_unique<TestClient>(address_));
      clients_.back()->Send(Handshake("/a") + (Pick(2) == 0 ? TextFrame("early") : ""));
      return;
    }
    TestClient& client = *clients_[which];
    switch (Pick(14)) {
      case 0:
        client.EndSending();
        return;
      case 1:
        return Forget(which, [&] { client.Reset(); });
      case 2:
        return Forget(which, [&] { client.Leave(); });
      case 3:
      case 4:
        client.Receive();
        return;
      default:
        client.Send(Something());
        return;
    }
  }

 private:
  size_t Pick(size_t below) { return random_() % below; }
  template <typename F>
  void Forget(size_t which, F leave) {
    leave();
    clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(which));
  }
  std::string Something() {
    const FrameOptions more{.fin = false};
    switch (Pick(12)) {
      case 0:
        return ClientFrame(kText, "a", more);
      case 1:
        return ClientFrame(kContinuation, std::string(Pick(3000), 'b'),
                           Pick(2) == 0 ? more : FrameOptions());
      case 2:
        return ClientFrame(kPing, std::string(Pick(126), 'p'));
      case 3:
        return ClientFrame(kPong, "");
      case 4:
        return CloseFrame(static_cast<uint16_t>(900 + Pick(4200)));
      case 5:
        return TextFrame(Pick(2) == 0 ? "end" : "fail");
      case 6:
        return ClientFrame(static_cast<int>(Pick(16)), "x", {.rsv = static_cast<int>(Pick(2))});
      case 7:
        return TextFrame("much");
      case 8:
        return std::string(Pick(20), static_cast<char>(Pick(256)));
      default:
        return ClientFrame(kBinary, std::string(Pick(100000), 'x'));
    }
  }

  std::minstd_rand random_;
  const std::string address_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

Task<void> Serve(WebSocket& socket) {
  while (std::optional<WebSocket::Message> message = co_await socket.Receive()) {
    if (message->data == "end") co_await socket.Close(4000, "as you wish");
    if (message->data == "fail") co_await absl::InternalError("as you wish");
    if (message->data == "much") message->data = std::string(3 << 20, 'm');
    const auto sent = co_await Outcome(socket.Send(*std::move(message)));
    if (!sent.ok()) co_return;
  }
}

TEST_F(WebSocketTest, NothingIsLeftOfClientsThatDoAnything) {
  handler_.serve = Serve;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    {
      RandomClients clients(seed, address_);
      for (int step = 0; step < 100; ++step) {
        clients.Act();
        if (step % 3 == 0) loop_.Settle();
        if (step % 20 == 0) loop_.Advance(absl::Seconds(7));
      }
    }
    loop_.Settle();
    loop_.Advance(HttpOptions().linger_timeout);
    loop_.Advance(HttpOptions().head_timeout);
    ASSERT_EQ(server_->connections(), 0u) << "seed " << seed;
    ASSERT_EQ(handler_.live, 0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace chains::gateway
