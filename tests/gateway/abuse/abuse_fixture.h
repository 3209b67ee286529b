// AbuseTest: a gateway with its usual limits, clients that mean harm, and one that does not.
#pragma once

#include <algorithm>
#include <malloc.h>

#include <gmock/gmock.h>

#include "tests/gateway/app/media_fixture.h"

namespace chains::gateway {

class AbuseTest : public MediaTest {
 protected:
  explicit AbuseTest(HttpOptions http = {}) : MediaTest({}, http) {
    channel_.stream = [](const chains::Method&, Stream<Bytes> requests) {
      return Swallow(std::move(requests));
    };
    ExpectOthersServed();  // and what is made once is there
    before_ = HeapInUse();
  }

  // What all of this process holds that it asked malloc for; 0 under sanitizers, which have their
  // own.
  static size_t HeapInUse() {
    const struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
  }
  // How much more that is than before the test began, at most, whenever Look() was called.
  void Look() { most_ = std::max(most_, HeapInUse()); }
  size_t Grown() {
    Look();
    return most_ > before_ ? most_ - before_ : 0;
  }

  // A request of somebody else gets its answer, now.
  void ExpectOthersServed() {
    EXPECT_THAT(Ask(PostOf("/say", "application/json", R"({"text": "x"})")),
                ::testing::StartsWith("HTTP/1.1 200"));
  }

  // Sends `piece` until so many bytes went or an answer came, which it returns.
  std::string SendUntilAnswered(TestClient& client, const std::string& piece, uint64_t bytes) {
    std::string answer;
    size_t at = 0;
    int idle = 0;
    for (uint64_t sent = 0; sent < bytes && answer.empty() && !client.ended() && idle < 100;) {
      const size_t taken = client.Send(std::string_view(piece).substr(at));
      sent += taken;
      at = (at + taken) % piece.size();
      idle = taken == 0 ? idle + 1 : 0;
      loop_.Settle();
      Look();
      answer = client.Receive();
    }
    return answer;
  }

 private:
  static Stream<Bytes> Swallow(Stream<Bytes> requests) {
    std::optional<Bytes> request;
    do {
      request = co_await requests.Next();
    } while (request.has_value());
    co_yield Bytes(std::string_view("\x0a\x02ok"));
  }

  size_t before_ = 0;
  size_t most_ = 0;
};

}  // namespace chains::gateway
