// HttpConnection: one connection of a load generator, with at most one call on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "deploy/load/endpoint.h"
#include "deploy/load/meter.h"
#include "deploy/load/response_parser.h"

namespace chains::load {

// Connects when a call needs it, and again when the server has closed. For the thread of its owner,
// who is told in OnEnded() and must not start the next call in there.
class HttpConnection {
 public:
  class Owner {
   public:
    // The call on it ended. `kind` is empty where it was answered with 2xx, else as in
    // Report::errors_by_kind.
    virtual void OnEnded(HttpConnection& connection, std::string_view kind,
                         std::string_view words) = 0;

   protected:
    ~Owner() = default;
  };

  // All outlive it. `epoll` is a descriptor whose events carry a pointer to the connection.
  HttpConnection(const Endpoint& endpoint, int epoll, Owner& owner)
      : endpoint_(endpoint), epoll_(epoll), owner_(owner) {}
  ~HttpConnection() { Close(); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  bool is_busy() const { return busy_; }
  const Meter::Call& call() const { return call_; }

  // It is not busy; `request` outlives the call. The call may end in here.
  void Start(const Meter::Call& call, std::string_view request);
  // Its descriptor has something to tell.
  void OnEvents();
  // Ends a call that took too long.
  void TimeOut();

 private:
  void Connect();
  void Connected();
  void Send();
  void Receive();
  void Watch(uint32_t events);
  void Finish();
  void Fail(std::string_view kind, std::string_view words);
  void FailBy(std::string_view kind, int error);
  void Close();

  const Endpoint& endpoint_;
  const int epoll_;
  Owner& owner_;
  int socket_ = -1;
  uint32_t watched_ = 0;  // 0: not at epoll yet
  bool connecting_ = false;
  bool busy_ = false;
  Meter::Call call_;
  std::string_view unsent_;
  ResponseParser parser_;
};

}  // namespace chains::load
