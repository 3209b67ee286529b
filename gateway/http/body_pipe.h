// BodyPipe: a body from the connection that reads it to the coroutine that takes it, bounded.
//
//   auto pipe = std::make_shared<BodyPipe>(window, [this] { ReadOn(); });
//   request.pieces = BodyPipe::Pieces(pipe);
//   if (pipe->room() > 0) pipe->Push(bytes);      // else the client waits
//   pipe->End();
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "chains/core/notice.h"
#include "chains/core/stream.h"

namespace chains::gateway {

// For the loop's thread. Shared by the connection and the stream, whichever lives longer.
class BodyPipe {
 public:
  // At most `window` bytes, and the last piece, lie in it. `taken` is called when there is room
  // again, from inside the reader's coroutine: it may watch sockets and list jobs, nothing else.
  BodyPipe(size_t window, std::function<void()> taken)
      : window_(window), taken_(std::move(taken)) {}
  BodyPipe(const BodyPipe&) = delete;
  BodyPipe& operator=(const BodyPipe&) = delete;

  // How many more bytes may be pushed.
  size_t room() const { return held_ < window_ ? window_ - held_ : 0; }
  size_t held() const { return held_; }
  bool ended() const { return ended_; }

  void Push(std::string piece);
  // The body is whole, or will never be: the reader takes what is there, then ends, or fails.
  void End() { Fail(absl::OkStatus()); }
  void Fail(absl::Status why);
  // The connection is gone: it hears of nothing any more.
  void Leave() { taken_ = nullptr; }

  // What is pushed, in order. One reader.
  static Stream<std::string> Pieces(std::shared_ptr<BodyPipe> pipe);

 private:
  std::string Take();

  const size_t window_;
  std::function<void()> taken_;
  std::deque<std::string> pieces_;
  size_t held_ = 0;
  bool ended_ = false;
  absl::Status problem_;
  Notice changed_;
};

}  // namespace chains::gateway
