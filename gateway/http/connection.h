// Connection: one client of an HTTP server, in one of the protocols that it may speak, on the
// server's loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <random>
#include <string>

#include "chains/core/loop.h"
#include "gateway/http/handler.h"
#include "gateway/http/options.h"
#include "gateway/http/socket_loop.h"

namespace chains::gateway {

class Connection {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // The connection is over; destroy it, but not in here.
    virtual void Closed(Connection& connection) = 0;
    // It goes on as `next`, which has its transport, speaks another protocol and was not started:
    // start it. `connection` is over.
    virtual void Becomes(Connection& connection, std::unique_ptr<Connection> next) = 0;
  };

  virtual ~Connection() = default;

  // Begins to read. May close.
  virtual void Start() = 0;
  // Drops the requests that run, and leaves.
  virtual void Close() = 0;
  // Leaves now where nothing runs, else after the responses.
  virtual void Drain() = 0;
};

// What all connections of a server share.
struct Shared {
  Loop& loop;
  SocketLoop& sockets;
  Handler& handler;
  const HttpOptions options;

  std::list<Connection*> idle;  // the longest idle first
  size_t body_bytes_held = 0;
  bool draining = false;
  std::string date;  // as responses have it
  int64_t date_second = -1;
  std::array<char, 256 << 10> scratch;  // what was read just now

  std::minstd_rand random{std::random_device{}()};

  // "Mon, 23 Nov 2026 22:50:22 GMT", made once a second.
  const std::string& Date();
  // When a connection that begins now is old. Not all that begin together are old together.
  absl::Time OldAt();
};

}  // namespace chains::gateway
