#include "gateway/http/web_socket_session.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <wslay/wslay.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kMaxControlBytes = 125;
constexpr size_t kMaxReasonBytes = kMaxControlBytes - 2;
constexpr size_t kKeptOutput = 4096;  // of a session that has nothing to say

std::string_view View(const uint8_t* data, size_t size) {
  return size == 0 ? std::string_view()
                   : std::string_view(reinterpret_cast<const char*>(data), size);
}

// What an endpoint may say: RFC 6455, 7.4, and the codes that IANA has added since.
bool IsCode(uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

void WebSocketSession::Free::operator()(wslay_frame_context* frames) const {
  wslay_frame_context_free(frames);
}

wslay_frame_context* WebSocketSession::NewFrames(WebSocketSession* session) {
  const wslay_frame_callbacks callbacks{.send_callback = AppendOutput,
                                        .recv_callback = ReadOffered,
                                        .genmask_callback = nullptr};  // a server masks nothing
  wslay_frame_context* frames = nullptr;
  if (wslay_frame_context_init(&frames, &callbacks, session) != 0) std::abort();  // no memory
  return frames;
}

ssize_t WebSocketSession::ReadOffered(uint8_t* to, size_t size, int, void* session) {
  std::string_view& offered = static_cast<WebSocketSession*>(session)->offered_;
  const size_t count = std::min(size, offered.size());
  if (count == 0) return -1;
  std::memcpy(to, offered.data(), count);
  offered.remove_prefix(count);
  return static_cast<ssize_t>(count);
}

ssize_t WebSocketSession::AppendOutput(const uint8_t* from, size_t size, int, void* session) {
  static_cast<WebSocketSession*>(session)->output_.append(View(from, size));
  return static_cast<ssize_t>(size);
}

WebSocketSession::WebSocketSession(Limits limits) : limits_(limits), frames_(NewFrames(this)) {}

WebSocketSession::~WebSocketSession() = default;

// ---- what comes

size_t WebSocketSession::Feed(std::string_view bytes) {
  if (has_ended()) return bytes.size();
  offered_ = bytes;
  while (wants_input()) {
    wslay_frame_iocb part{};
    const ssize_t count = wslay_frame_recv(frames_.get(), &part);
    if (count == WSLAY_ERR_WANT_READ) break;
    if (count < 0) {
      Abort(WSLAY_CODE_PROTOCOL_ERROR, "a frame whose length is not allowed");
    } else {
      Take(part);
    }
  }
  const size_t left = has_ended() ? 0 : offered_.size();
  offered_ = {};
  return bytes.size() - left;
}

WebSocket::Message WebSocketSession::TakeMessage() {
  complete_ = false;
  return {is_text_, std::exchange(data_, std::string())};
}

// A frame comes in parts: what of it was in wslay's buffer.
void WebSocketSession::Take(const wslay_frame_iocb& part) {
  if (!in_frame_ && !Begin(part)) return;
  TakePayload(View(part.data, part.data_length));
  payload_left_ -= part.data_length;
  if (payload_left_ > 0 || failed_) return;
  in_frame_ = false;
  End();
}

// False where it has failed.
bool WebSocketSession::Begin(const wslay_frame_iocb& frame) {
  constexpr uint8_t kPong = WSLAY_PONG;
  const bool is_known = frame.opcode <= WSLAY_BINARY_FRAME ||
                        (frame.opcode >= WSLAY_CONNECTION_CLOSE && frame.opcode <= kPong);
  if (frame.rsv != 0) {
    Abort(WSLAY_CODE_PROTOCOL_ERROR, "reserved bits are set, and no extension was agreed on");
  } else if (!is_known) {
    Abort(WSLAY_CODE_PROTOCOL_ERROR, Text("no frame has opcode ", int{frame.opcode}));
  } else if (frame.mask == 0) {
    Abort(WSLAY_CODE_PROTOCOL_ERROR, "a client's frames must be masked");
  } else if (wslay_is_ctrl_frame(frame.opcode)) {
    control_.clear();
  } else {
    BeginData(frame);
  }
  in_frame_ = !failed_;
  is_last_ = frame.fin != 0;
  opcode_ = frame.opcode;
  payload_left_ = frame.payload_length;
  return in_frame_;
}

void WebSocketSession::BeginData(const wslay_frame_iocb& frame) {
  const bool continues = frame.opcode == WSLAY_CONTINUATION_FRAME;
  if (continues != in_message_) {
    return Abort(WSLAY_CODE_PROTOCOL_ERROR, continues ? "a continuation of no message"
                                                      : "a message begins inside another one");
  }
  if (!continues) {
    in_message_ = true;
    is_text_ = frame.opcode == WSLAY_TEXT_FRAME;
    utf8_ = Utf8Check();
  }
  if (frame.payload_length > limits_.max_message_bytes - data_.size()) {
    Abort(WSLAY_CODE_MESSAGE_TOO_BIG,
          Text("a message is longer than ", limits_.max_message_bytes, " bytes"));
  }
}

void WebSocketSession::TakePayload(std::string_view payload) {
  if (wslay_is_ctrl_frame(opcode_)) {
    control_.append(payload);
    return;
  }
  if (is_text_ && !utf8_.Feed(payload)) {
    return Abort(WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "a text is not UTF-8");
  }
  data_.append(payload);
}

// A frame is complete.
void WebSocketSession::End() {
  if (wslay_is_ctrl_frame(opcode_)) return EndControl();
  if (!is_last_) return;
  if (is_text_ && !utf8_.complete()) {
    return Abort(WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "a text ends inside a character");
  }
  in_message_ = false;
  complete_ = true;
  if (goodbye_) (void)TakeMessage();  // nobody will
}

void WebSocketSession::EndControl() {
  if (opcode_ == WSLAY_PING) pong_ = control_;
  if (opcode_ == WSLAY_CONNECTION_CLOSE) TakeGoodbye();
}

void WebSocketSession::TakeGoodbye() {
  if (control_.size() == 1) {
    return Abort(WSLAY_CODE_PROTOCOL_ERROR, "a Close frame with half a code");
  }
  Goodbye said{.code = WSLAY_CODE_NO_STATUS_RCVD, .reason = {}};
  if (!control_.empty()) {
    said.code = static_cast<uint16_t>((static_cast<uint8_t>(control_[0]) << 8) |
                                      static_cast<uint8_t>(control_[1]));
    said.reason = control_.substr(2);
    if (!IsCode(said.code)) {
      return Abort(WSLAY_CODE_PROTOCOL_ERROR, Text("nobody may close with code ", said.code));
    }
    Utf8Check utf8;
    if (!utf8.Feed(said.reason) || !utf8.complete()) {
      return Abort(WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "the reason of a Close is not UTF-8");
    }
  }
  if (!goodbye_) goodbye_ = Goodbye{.code = said.code, .reason = {}};
  message_.reset();
  received_ = std::move(said);
}

// Says so after the frame that is on its way, and nothing else.
void WebSocketSession::Abort(uint16_t code, std::string_view why) {
  failed_ = true;
  complete_ = false;
  data_ = std::string();
  message_.reset();
  pong_.reset();
  ping_ = false;
  if (!said_) goodbye_ = Goodbye{.code = code, .reason = std::string(why)};
}

// ---- what goes

void WebSocketSession::Queue(WebSocket::Message message) {
  message_.emplace(std::move(message));
  sent_ = 0;
}

void WebSocketSession::Close(uint16_t code, std::string_view reason) {
  if (goodbye_) return;
  goodbye_ = Goodbye{.code = code, .reason = std::string(Utf8Prefix(reason, kMaxReasonBytes))};
  if (complete_) (void)TakeMessage();
}

bool WebSocketSession::Write(Sink& sink) {
  do {
    while (written_ < output_.size()) {
      const size_t count = sink.Write(std::string_view(output_).substr(written_));
      if (count == 0) return false;
      written_ += count;
    }
    written_ = 0;
    output_.clear();
  } while (NextFrame());
  if (output_.capacity() > kKeptOutput) output_ = std::string();
  return true;
}

// Frames that are due, as bytes: what is urgent first, in one piece with what follows it.
bool WebSocketSession::NextFrame() {
  if (said_) return false;
  if (pong_) WriteFrame(WSLAY_PONG, true, *std::exchange(pong_, std::nullopt));
  if (std::exchange(ping_, false)) WriteFrame(WSLAY_PING, true, {});
  if (message_) {
    WriteFragment();
  } else if (goodbye_) {
    std::string payload;
    if (goodbye_->code != WSLAY_CODE_NO_STATUS_RCVD) {
      payload.push_back(static_cast<char>(goodbye_->code >> 8));
      payload.push_back(static_cast<char>(goodbye_->code & 0xFF));
      payload.append(goodbye_->reason);
    }
    WriteFrame(WSLAY_CONNECTION_CLOSE, true, payload);
    said_ = true;
  }
  return !output_.empty();
}

void WebSocketSession::WriteFragment() {
  const std::string_view rest = std::string_view(message_->data).substr(sent_);
  const std::string_view fragment = rest.substr(0, limits_.fragment_bytes);
  const uint8_t opcode = sent_ > 0           ? WSLAY_CONTINUATION_FRAME
                         : message_->is_text ? WSLAY_TEXT_FRAME
                                             : WSLAY_BINARY_FRAME;
  const bool is_last = fragment.size() == rest.size();
  WriteFrame(opcode, is_last, fragment);
  sent_ += fragment.size();
  if (is_last) message_.reset();
}

// A string takes all of it, so wslay is never in the middle of a frame.
void WebSocketSession::WriteFrame(uint8_t opcode, bool is_last, std::string_view payload) {
  wslay_frame_iocb frame{};
  frame.fin = is_last ? 1 : 0;
  frame.opcode = opcode;
  frame.payload_length = payload.size();
  frame.data = reinterpret_cast<const uint8_t*>(payload.data());
  frame.data_length = payload.size();
  (void)wslay_frame_send(frames_.get(), &frame);
}

}  // namespace chains::gateway
