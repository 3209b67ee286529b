// StreamsTest: the gateway behind its HTTP server, in front of a chainlet that streams, all on the
// test's thread, with a clock that the test moves.
#pragma once

#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/contract/loopback_channel.h"
#include "chains/core/text.h"
#include "gateway/app/gateway.h"
#include "gateway/http/server.h"
#include "tests/gateway/app/numbers.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::gateway {

// A way to a Service that can be cut.
class Way final : public Channel {
 public:
  explicit Way(const Service& service) : loopback_(service) {}

  Task<Bytes> Unary(const Method& method, Bytes request) override {
    return loopback_.Unary(method, std::move(request));
  }
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override {
    ++streams;
    return Through(*this, loopback_.Streaming(method, std::move(requests)));
  }

  int streams = 0;
  int cut = 0;                         // so many fail before anything comes
  std::optional<int> cut_after_items;  // the next one, later
  Context last_context;

 private:
  static Stream<Bytes> Through(Way& self, Stream<Bytes> replies) {
    self.last_context = co_await CurrentContext();
    if (self.cut > 0) {
      --self.cut;
      co_await absl::UnavailableError("Socket closed");
    }
    int items = 0;
    while (std::optional<Bytes> reply = co_await replies.Next()) {
      if (self.cut_after_items && items++ >= *self.cut_after_items) {
        co_await absl::UnavailableError("Socket closed");
      }
      co_yield std::move(*reply);
    }
  }

  LoopbackChannel loopback_;
};

// A chunked body, as far as it has come: its chunks, and whether it ended well.
struct Chunks {
  std::vector<std::string> pieces;
  bool ended = false;
  std::string trailers;  // and what follows
  std::string Joined() const {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    return all;
  }
};
inline Chunks ChunksOf(std::string_view response) {
  Chunks chunks;
  size_t at = response.find("\r\n\r\n");
  if (at == std::string_view::npos) return chunks;
  std::string_view rest = response.substr(at + 4);
  while (!rest.empty()) {
    size_t size = 0;
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), size, 16);
    if (read.ec != std::errc()) break;
    at = rest.find("\r\n");
    if (size == 0) {
      chunks.ended = true;
      chunks.trailers = rest.substr(at + 2);
      break;
    }
    if (at == std::string_view::npos || rest.size() < at + 2 + size + 2) break;
    chunks.pieces.emplace_back(rest.substr(at + 2, size));
    rest = rest.substr(at + 2 + size + 2);
  }
  return chunks;
}

inline std::string Post(std::string_view target, std::string_view body,
                        std::string_view more = "") {
  return Text("POST ", target, " HTTP/1.1\r\nHost: a\r\n", more, "Content-Length: ", body.size(),
              "\r\n\r\n", body);
}
inline std::string Get(std::string_view target, std::string_view more = "") {
  return Text("GET ", target, " HTTP/1.1\r\nHost: a\r\n", more, "\r\n");
}
// A body whose end is still to come, and its parts.
inline std::string PostOpen(std::string_view target, std::string_view more = "") {
  return Text("POST ", target, " HTTP/1.1\r\nHost: a\r\n", more,
              "Transfer-Encoding: chunked\r\n\r\n");
}
inline std::string Chunk(std::string_view bytes) {
  return Text(absl::Hex(bytes.size()), "\r\n", bytes, "\r\n");
}

class StreamsTest : public ::testing::Test {
 protected:
  explicit StreamsTest(Gateway::Options options = {}, HttpOptions http = {}) {
    std::vector<std::unique_ptr<Target>> targets;
    const Route route{.chain = "all", .kind = Route::Kind::kEnvironment, .name = "production"};
    const Target::Contract contract{.descriptors = json::FilesOf(*numbers::Item::descriptor()),
                                    .entrypoint = "numbers.Numbers"};
    targets.push_back(*Target::Create(route, way_, contract));
    gateway_ = *Gateway::Create(loop_, std::move(targets), std::move(options));
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), *gateway_, http);
    address_ = *server_->Listen("127.0.0.1:0");
    client_ = std::make_unique<TestClient>(address_);
  }

  // What has come by now for `request`, and what comes without another.
  std::string Ask(std::string_view request) {
    client_->Send(request);
    return More();
  }
  std::string More() {
    loop_.Settle();
    return client_->Receive();
  }
  void Reconnect() { client_ = std::make_unique<TestClient>(address_); }
  std::string Metrics() {
    Reconnect();
    return Ask(Get("/metrics"));
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  Counting counting_;
  const Service service_ = Contract<numbers::Numbers>::Serve(counting_);
  Way way_{service_};
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
  std::unique_ptr<TestClient> client_;
};

}  // namespace chains::gateway
