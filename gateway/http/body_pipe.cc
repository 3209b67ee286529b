#include "gateway/http/body_pipe.h"

#include <utility>

namespace chains::gateway {

void BodyPipe::Push(std::string piece) {
  if (piece.empty() || ended_) return;
  held_ += piece.size();
  pieces_.push_back(std::move(piece));
  changed_.Give();
}

void BodyPipe::Fail(absl::Status why) {
  if (std::exchange(ended_, true)) return;
  problem_ = std::move(why);
  changed_.Give();
}

std::string BodyPipe::Take() {
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  held_ -= piece.size();
  if (taken_ != nullptr) taken_();
  return piece;
}

Stream<std::string> BodyPipe::Pieces(std::shared_ptr<BodyPipe> pipe) {
  while (true) {
    while (!pipe->pieces_.empty()) co_yield pipe->Take();
    if (pipe->ended_) break;
    co_await pipe->changed_.Wait();
  }
  co_await pipe->problem_;
}

}  // namespace chains::gateway
