// WebSocketSession: the server's end of a WebSocket, bytes to messages and back (RFC 6455). Pure:
// it knows no socket and no clock. wslay reads and writes the frames; what they mean together is
// here.
//
//   WebSocketSession session(WebSocketSession::Limits{});
//   offered.remove_prefix(session.Feed(offered));          // bytes from the client
//   if (session.has_message()) Use(session.TakeMessage());  // and Feed() goes on
//   session.Queue(reply);
//   session.Write(sink);                                    // bytes to the client
//   if (session.over()) …                                   // nothing is left but to close
//
// It holds at most one message of each direction, and of the client's pings only the last. What the
// client does wrong ends the session by itself: a Close frame of the right code is queued, and what
// still comes is thrown away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "gateway/http/utf8.h"
#include "gateway/http/web_socket.h"

struct wslay_frame_context;  // wslay's own names
struct wslay_frame_iocb;

namespace chains::gateway {

class WebSocketSession {
 public:
  struct Limits {
    size_t max_message_bytes = 16 << 20;  // a longer message of the client: 1009
    size_t fragment_bytes = 64 << 10;     // of a message that is sent: pongs go in between
  };
  // Where bytes go.
  class Sink {
   public:
    virtual ~Sink() = default;
    // How many were taken; 0: none now.
    virtual size_t Write(std::string_view bytes) = 0;
  };
  // How one side said goodbye. Without a code it is 1005.
  struct Goodbye {
    uint16_t code;
    std::string reason;
  };

  explicit WebSocketSession(Limits limits);
  ~WebSocketSession();
  WebSocketSession(const WebSocketSession&) = delete;
  WebSocketSession& operator=(const WebSocketSession&) = delete;

  // How many of `bytes` were taken. It stops at the end of a message until that is taken; then it
  // is to be called again, with the rest or with nothing, since some bytes are inside.
  size_t Feed(std::string_view bytes);
  bool has_message() const { return complete_; }
  WebSocket::Message TakeMessage();

  // Whether the next Feed() of more bytes can take any.
  bool wants_input() const { return !complete_ && !has_ended(); }
  // How many more the frame that comes has.
  uint64_t expected() const { return in_frame_ ? payload_left_ : 0; }
  // How much of the client's message is here.
  size_t held() const { return data_.size(); }

  // Only where can_queue().
  void Queue(WebSocket::Message message);
  bool can_queue() const { return !message_ && !goodbye_; }
  // One that has not gone yet is enough.
  void Ping() { ping_ = true; }
  // After the message that is queued. Later ones do nothing; nor does it where the client or this
  // end has said goodbye.
  void Close(uint16_t code, std::string_view reason);
  // As if the client had broken a rule: what was queued is dropped, and what comes thrown away.
  void Abort(uint16_t code, std::string_view why);

  // False where the sink took no more and there is more.
  bool Write(Sink& sink);
  bool has_output() const { return !output_.empty() || message_ || HasControl(); }

  // What the client said at its end.
  const std::optional<Goodbye>& received() const { return received_; }
  // What this end has said, or will.
  const std::optional<Goodbye>& goodbye() const { return goodbye_; }
  // The client broke a rule; goodbye() says which.
  bool failed() const { return failed_; }
  // Both ends have said goodbye, or this one to a client that broke a rule, and it is written.
  bool over() const { return has_ended() && said_ && output_.empty(); }

 private:
  struct Free {
    void operator()(wslay_frame_context* frames) const;
  };
  static wslay_frame_context* NewFrames(WebSocketSession* session);
  // What wslay reads with, and writes with.
  static ssize_t ReadOffered(uint8_t* to, size_t size, int flags, void* session);
  static ssize_t AppendOutput(const uint8_t* from, size_t size, int flags, void* session);

  // Nothing that comes from now on has a meaning.
  bool has_ended() const { return failed_ || received_.has_value(); }
  bool HasControl() const { return !said_ && (pong_ || ping_ || goodbye_); }

  void Take(const wslay_frame_iocb& part);
  bool Begin(const wslay_frame_iocb& frame);
  void BeginData(const wslay_frame_iocb& frame);
  void TakePayload(std::string_view payload);
  void End();
  void EndControl();
  void TakeGoodbye();

  bool NextFrame();
  void WriteFragment();
  void WriteFrame(uint8_t opcode, bool is_last, std::string_view payload);

  const Limits limits_;
  std::unique_ptr<wslay_frame_context, Free> frames_;
  std::string_view offered_;  // to the Feed() that runs

  // The frame that comes.
  bool in_frame_ = false;
  bool is_last_ = false;
  uint8_t opcode_ = 0;
  uint64_t payload_left_ = 0;
  std::string control_;  // the payload of a control frame

  // The client's message.
  bool in_message_ = false;
  bool is_text_ = false;
  bool complete_ = false;
  std::string data_;
  Utf8Check utf8_;
  std::optional<Goodbye> received_;
  bool failed_ = false;

  // What goes out: bytes of whole frames, then these in their order.
  std::string output_;
  size_t written_ = 0;  // of output_
  std::optional<std::string> pong_;
  bool ping_ = false;
  std::optional<WebSocket::Message> message_;
  size_t sent_ = 0;  // of message_
  std::optional<Goodbye> goodbye_;
  bool said_ = false;  // its frame is in output_, or has gone
};

}  // namespace chains::gateway
