#include "deploy/agent/output_copy.h"

#include <algorithm>
#include <cerrno>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

namespace chains::deploy {
namespace {

bool IsWritable(int fd) {
  pollfd look{.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&look, 1, 0) == 1;
}

}  // namespace

void OutputCopy::Write(std::string_view data) {
  pending_.append(data);
  if (!waits_) Flush();
}

// The descriptor is shared with others, so it stays one that blocks. A pipe that can be written to
// takes PIPE_BUF bytes at once.
void OutputCopy::Flush() {
  size_t written = 0;
  while (written < pending_.size() && IsWritable(fd_)) {
    const size_t next = std::min<size_t>(PIPE_BUF, pending_.size() - written);
    const ssize_t count = write(fd_, pending_.data() + written, next);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) written = pending_.size();  // nobody reads it any more
    if (count > 0) written += static_cast<size_t>(count);
  }
  const bool was_full = full();
  pending_.erase(0, written);
  const bool left = !pending_.empty();
  if (left && !waits_) {
    waits_ = poller_.Watch(fd_, FdPoller::kWritable, [this] { Flush(); });
  } else if (!left && waits_) {
    waits_ = false;
    poller_.Forget(fd_);
  }
  if (was_full && !full() && when_room_) when_room_();
}

}  // namespace chains::deploy
