// Connection: one client of an HTTP server, on the server's loop.
//
// One request at a time: what a client sends ahead waits, mostly in the system's buffers, until the
// response before it has gone; so responses are in order, and a connection holds one request, one
// response and a buffer of fixed size. A client that leaves is noticed at once, and its request is
// dropped; only where it had sent ahead more than the system's buffers hold, TCP keeps the news
// back until its request has ended.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/root.h"
#include "gateway/http/handler.h"
#include "gateway/http/listener.h"
#include "gateway/http/options.h"
#include "gateway/http/request_parser.h"
#include "gateway/http/socket_loop.h"

namespace chains::gateway {

class Connection;

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
};

class Connection final : private SocketLoop::Watcher, private Loop::Timer {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // The connection is over; destroy it, but not in here.
    virtual void Closed(Connection& connection) = 0;
  };

  Connection(Socket socket, Shared& shared, Owner& owner);
  ~Connection() override;

  // Begins to read. May close.
  void Start();
  // Drops the request that runs, and leaves.
  void Close();
  // Leaves now where nothing runs, else after the response.
  void Drain();

 private:
  enum class State { kReading, kRunning, kWriting, kLingering, kClosed };
  enum class After { kNextRequest, kLinger, kClose };
  enum class Timed { kNothing, kIdle, kHead, kProgress };

  void OnEvents(uint32_t events) override;
  void Fire() override;

  void Read();
  void Consume();
  bool FeedParser();
  void TakeInput(size_t bytes);
  void WaitForInput();
  void Admit();
  void Run();
  void Finished(absl::StatusOr<Response> response);
  void Refuse(int status, std::string_view text);
  void Respond(Response response, After after);
  void Queue(std::string bytes);
  void Write();
  void Written();
  void BeginLinger();
  void Linger();

  void Time(Timed what);
  void StopTiming();
  void HoldBody(size_t bytes);
  void Watch(uint32_t events);
  void SetIdle(bool idle);

  Socket socket_;
  Shared& shared_;
  Owner& owner_;
  State state_ = State::kReading;
  After after_ = After::kNextRequest;

  RequestParser parser_;
  std::string input_;  // what was read
  size_t taken_ = 0;   // of it, by the parser
  bool consuming_ = false;
  bool admitted_ = false;
  bool served_ = false;  // a request has been answered
  size_t body_held_ = 0;

  bool is_head_request_ = false;
  bool keep_alive_ = true;
  std::optional<internal::Root<Response>> running_;

  std::deque<std::string> output_;
  size_t written_ = 0;  // of the first

  Timed timed_ = Timed::kNothing;
  size_t progress_ = 0;  // bytes moved since the timer was armed
  absl::Time linger_until_;
  std::list<Connection*>::iterator idle_place_;
  bool idle_ = false;
};

}  // namespace chains::gateway
