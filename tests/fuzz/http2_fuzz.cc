// Any bytes to an HTTP/2 session, in pieces: whatever they are, it neither breaks nor holds more
// than it may, and what it says next is asked for after each piece.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/http/http2_session.h"
#include "tests/fuzz/pieces.h"

namespace chains::gateway {
namespace {

constexpr size_t kMaxHead = 512;
constexpr size_t kWindow = 1000;
constexpr size_t kMaxStreams = 4;

class Echo final : public Http2Session::Exchange {
 public:
  explicit Echo(size_t& live) : live_(live) { ++live_; }
  void OnBody(std::string_view bytes) override {
    if (closed_) std::abort();
    body_ += bytes;
  }
  void OnBodyEnd() override { ended_ = true; }
  Http2Session::Piece Fill(std::span<char> room) override {
    using Then = Http2Session::Piece::Then;
    const size_t size = std::min(room.size(), body_.size());
    body_.copy(room.data(), size);
    body_.erase(0, size);
    if (!body_.empty()) return {.bytes = size, .then = Then::kMore};
    return {.bytes = size, .then = ended_ ? Then::kEnd : Then::kLater};
  }
  void OnClosed() override {
    if (closed_) std::abort();
    closed_ = true;
    --live_;
  }
  size_t held() const { return body_.size(); }
  bool closed() const { return closed_; }

 private:
  size_t& live_;
  std::string body_;
  bool ended_ = false;
  bool closed_ = false;
};

class Server final : private Http2Session::Owner {
 public:
  Server() : session_(Options(), kMaxHead, *this) {}
  void Take(std::string_view bytes) {
    session_.Receive(bytes, now_ += absl::Milliseconds(1));
    for (const int32_t id : fresh_) {
      Http2Fields head;
      head.Add(":status", "200");
      if (!exchanges_[id]->closed()) session_.Respond(id, head, Http2Session::Body::kFollows);
    }
    fresh_.clear();
    for (const auto& [id, exchange] : exchanges_) {
      if (!exchange->closed()) session_.Resume(id);
      // What one frame brought may exceed the window, and ends the stream.
      if (exchange->held() > kWindow + (64 << 10) + (16 << 10)) std::abort();
    }
    std::string said;
    while (session_.Send(said) > 0) said.clear();
    if (live_ > kMaxStreams) std::abort();
  }
  bool ended() const { return session_.ended(); }

 private:
  static Http2Options Options() {
    Http2Options options;
    options.max_streams = kMaxStreams;
    options.stream_window = kWindow;
    options.frames_at_once = 200;
    options.resets_at_once = 20;
    return options;
  }
  Http2Session::Exchange* OnRequest(const Http2Session::Begun& begun, RequestHead head) override {
    if (head.target.size() > kMaxHead) std::abort();
    std::unique_ptr<Echo>& made = exchanges_[begun.id];
    if (made != nullptr) std::abort();  // an id twice
    made = std::make_unique<Echo>(live_);
    if (!begun.has_body) made->OnBodyEnd();
    fresh_.push_back(begun.id);
    return made.get();
  }
  void OnPong() override {}

  absl::Time now_ = absl::FromUnixSeconds(1800000000);
  size_t live_ = 0;
  std::map<int32_t, std::unique_ptr<Echo>> exchanges_;
  std::vector<int32_t> fresh_;
  Http2Session session_;
};

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  chains::gateway::Server server;
  server.Take("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  for (const std::string& piece : chains::PiecesOf(bytes)) {
    if (server.ended()) break;
    server.Take(piece);
  }
  return 0;
}
