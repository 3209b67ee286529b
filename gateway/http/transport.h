// Transport: the bytes of one client, without waiting: a socket, or TLS above one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <sys/uio.h>

#include "gateway/http/listener.h"

namespace chains::gateway {

// For one thread. Who uses it watches fd(), and closes the connection where anything kFailed.
class Transport {
 public:
  enum class State {
    kMoved,    // `bytes` were
    kBlocked,  // none can be now: wait for the socket
    kEnded,    // the client sends no more; of reading only
    kFailed,
  };
  struct Result {
    State state;
    size_t bytes = 0;
    bool all = false;  // of Read(): the socket had no more
  };

  virtual ~Transport() = default;

  virtual Result Read(std::span<char> into) = 0;
  // The first of what `pieces` hold.
  virtual Result Write(std::span<const iovec> pieces) = 0;
  // No more will be written: the client reads an end.
  virtual void EndWriting() = 0;

  virtual int fd() const = 0;
  // Whether Read() has bytes that the socket does not know of any more, so that waiting for it
  // would be in vain.
  virtual bool holds_input() const { return false; }
  // Whether what goes over the network is encrypted.
  virtual bool is_tls() const { return false; }
  // Sends what Write() took and could not send yet. kMoved: nothing is left; kBlocked: wait for
  // EPOLLOUT.
  virtual State Flush() { return State::kMoved; }
};

// The socket itself, which does not block.
class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::move(socket)) {}

  Result Read(std::span<char> into) override;
  Result Write(std::span<const iovec> pieces) override;
  void EndWriting() override;
  int fd() const override { return socket_.fd(); }

 private:
  const Socket socket_;
};

}  // namespace chains::gateway
