// Http2Session: the server's end of one HTTP/2 connection (RFC 9113), from bytes to requests and
// from responses to bytes, by nghttp2. Pure: it knows no socket and no clock.
//
//   Http2Session session(limits, owner);
//   session.Receive(what_came, now);          // calls owner.OnRequest(…), which answers streams
//   session.Respond(stream_id, fields, Http2Session::Body::kFollows);
//   while (session.Send(bytes) > 0) …         // asks streams for the bodies of their responses
//   if (session.ended()) …                    // nothing more will come or go
//
// What a client sends is held back by flow control until whom it is for has taken it. Floods of
// frames that move nothing on end the connection: GOAWAY with ENHANCE_YOUR_CALM.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <nghttp2/nghttp2.h>

#include "absl/time/time.h"
#include "gateway/http/http2_budget.h"
#include "gateway/http/http2_frame_heads.h"
#include "gateway/http/http2_head.h"
#include "gateway/http/http2_options.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// For one thread. It stays where it is.
class Http2Session {
 public:
  // A piece of a response's body, where the client has room for one.
  struct Piece {
    enum class Then { kMore, kLater, kEnd };
    size_t bytes = 0;
    Then then = Then::kMore;          // kLater: Resume() says when to ask again
    Http2Fields* trailers = nullptr;  // with kEnd; until the call returns
  };

  // One request and its response, as who serves it is told of them. Told inside Receive() or
  // Send(): what is called there must call neither.
  class Exchange {
   public:
    virtual ~Exchange() = default;
    // A piece of the request's body. Taken() gives the client room for more.
    virtual void OnBody(std::string_view bytes) = 0;
    virtual void OnBodyEnd() = 0;
    // The next piece of the response's body, at most as much as there is room.
    virtual Piece Fill(std::span<char> room) = 0;
    // Nothing more about it, whether it came to its end or not; it is forgotten.
    virtual void OnClosed() = 0;
  };
  struct Begun {
    int32_t id;
    bool has_body;        // it follows
    bool head_too_large;  // and is cut off
  };
  class Owner {
   public:
    virtual ~Owner() = default;
    // Who serves it, and lives until OnClosed(); null refuses it, as not yet processed.
    virtual Exchange* OnRequest(const Begun& begun, RequestHead head) = 0;
    // The answer to Ping().
    virtual void OnPong() = 0;
  };

  // `owner` outlives it.
  Http2Session(const Http2Options& options, size_t max_head_bytes, Owner& owner);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  void Receive(std::string_view bytes, absl::Time now);
  // Appends what is to be sent, some kMaxOutput at most; how much that was.
  size_t Send(std::string& to);
  static constexpr size_t kMaxOutput = 64 << 10;

  // Whether anything is to be sent, as far as it is known without asking streams.
  bool wants_to_send() const { return nghttp2_session_want_write(session()) != 0; }
  // All has been said: the connection may be closed once what Send() gave has gone.
  bool ended() const;
  // Why, where it was not the client who ended it.
  const std::string& problem() const { return problem_; }
  // The head of a request has begun, and not ended.
  bool in_head() const { return head_.has_value(); }
  // Frames that wait to be sent, beside bodies: many, where a client does not read.
  size_t backlog() const { return nghttp2_session_get_outbound_queue_size(session()); }

  enum class Body { kNone, kFollows };
  // For streams that are not closed.
  void Respond(int32_t id, Http2Fields& head, Body body);
  void Continue(int32_t id);  // 100
  // So much of the body is no longer held.
  void Taken(int32_t id, size_t bytes);
  void Resume(int32_t id);
  // Breaks it off.
  void Reset(int32_t id, uint32_t error);

  // Announces the end: new requests are still taken, until Finish().
  void Announce();
  // No new requests from now on. Those that run go on.
  void Finish();
  // Says GOAWAY with `error` and ends.
  void Terminate(uint32_t error, std::string_view why);
  void Ping();

 private:
  struct Callbacks;
  friend struct Callbacks;
  struct Free {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  nghttp2_session* session() const { return session_.get(); }
  void Count(const Http2FrameHead& frame);
  void CountHead(const Http2FrameHead& frame);
  void Came(const nghttp2_frame& frame);
  void RequestCame(const nghttp2_frame& frame);
  void Went(const nghttp2_frame& frame);
  void Closed(int32_t id);
  ssize_t Fill(int32_t id, std::span<char> room, uint32_t& flags);
  void Spend(double amount, std::string_view what);
  void SpendReset();
  void Failed(ssize_t error);
  Exchange* Find(int32_t id) const;

  const Http2Options options_;
  const size_t max_head_bytes_;
  Owner& owner_;
  std::unique_ptr<nghttp2_session, Free> session_;
  Http2FrameHeads heads_;
  Http2Budget frames_;
  Http2Budget resets_;
  std::optional<Http2HeadReader> head_;  // of the request `head_of_`, while it comes
  int32_t head_of_ = 0;
  size_t head_bytes_ = 0;  // of the head or trailers that come, as they are on the wire
  size_t head_frames_ = 0;
  bool terminated_ = false;
  bool broken_ = false;  // nothing can be sent any more
  std::string problem_;
};

}  // namespace chains::gateway
