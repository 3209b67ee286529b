// Clients that do anything, in any order: whatever it was, afterwards nothing is left of them.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/gateway/http/server_fixture.h"

namespace chains::gateway {
namespace {

class RandomClients {
 public:
  RandomClients(unsigned seed, std::string address) : random_(seed), address_(std::move(address)) {}

  void Act() {
    const size_t which = Pick(6);
    if (which >= clients_.size()) {
      clients_.push_back(std::make_unique<TestClient>(address_));
      return;
    }
    TestClient& client = *clients_[which];
    switch (Pick(12)) {
      case 0:
        client.EndSending();
        return;
      case 1:
        return Forget(which, [&] { client.Reset(); });
      case 2:
        return Forget(which, [&] { client.Leave(); });
      case 3:
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
    switch (Pick(10)) {
      case 0:
        return Post("/slow", std::string(Pick(2000), 'x'));
      case 1:
        return Post("/large", "");
      case 2:
        return Post("/forbidden", "x");
      case 3:
        return Post("/a", "x", "Expect: 100-continue\r\n");
      case 4:
        return "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
      case 5:
        return "3\r\nabc\r\n0\r\n\r\n";
      case 6:
        return std::string(Pick(3000), static_cast<char>(random_()));
      case 7:
        return Post("/fail", "") + Post("/b", "y");
      default: {
        const std::string whole = Post("/a", std::string(Pick(200000), 'y'));
        return whole.substr(0, Pick(whole.size()));
      }
    }
  }

  std::mt19937 random_;
  const std::string address_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

TEST_F(HttpServerTest, KeepsNothingOfClientsThatDidAnything) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(Text("seed ", seed));
    {
      RandomClients clients(seed, address_);
      for (int i = 0; i < 60; ++i) {
        clients.Act();
        if (i % 3 == 0) loop_.Advance(absl::Seconds(i % 7));
      }
      loop_.Settle();
    }
    // One that sent ahead more than the system's buffers hold is not seen to leave before its
    // request has ended; what it had sent ahead may be such a request again.
    for (int i = 0; i < 20 && server_->connections() > 0; ++i) loop_.Advance(absl::Minutes(61));
    ASSERT_EQ(handler_.live, 0);
    ASSERT_EQ(server_->connections(), 0u);
  }
}

}  // namespace
}  // namespace chains::gateway
