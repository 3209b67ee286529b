// HttpServer: HTTP/1.1 and HTTP/2 on the thread of a loop, for one Handler.
//
//   SocketLoop sockets;
//   reactor.SetPoller(&sockets);
//   HttpServer server(reactor, sockets, handler, HttpOptions());
//   RETURN_IF_ERROR(server.Listen("127.0.0.1:8080"));
//
// HTTP/1.1: keep-alive, pipelining (answered in order, one at a time), chunked bodies, Expect:
// 100-continue. HTTP/2: over TLS by ALPN, else for clients that begin with its preface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "chains/core/loop.h"
#include "gateway/http/connection.h"
#include "gateway/http/handler.h"
#include "gateway/http/listener.h"
#include "gateway/http/options.h"
#include "gateway/http/socket_loop.h"
#include "gateway/http/tls_context.h"

namespace chains::gateway {

// Made, used and destroyed on the loop's thread, or while that does not run. `loop`, `sockets` and
// `handler` outlive it. Destroying it drops what runs.
class HttpServer final : private Connection::Owner, private Loop::Job {
 public:
  HttpServer(Loop& loop, SocketLoop& sockets, Handler& handler, HttpOptions options);
  ~HttpServer() override;

  // May be called for several addresses. Answers the address with the port that was chosen.
  absl::StatusOr<std::string> Listen(std::string_view address);
  // For clients that speak TLS.
  absl::StatusOr<std::string> ListenTls(std::string_view address, std::unique_ptr<TlsContext> tls);

  // Stops listening, closes idle connections, finishes the requests that have begun, and drops what
  // is left at `deadline`; then calls `done`, once, on the loop.
  void Drain(absl::Time deadline, absl::AnyInvocable<void()> done);

  size_t connections() const { return connections_.size(); }
  uint64_t accepted() const { return accepted_; }

 private:
  class Acceptor;
  class Deadline final : public Loop::Timer {
   public:
    explicit Deadline(HttpServer& server) : server_(server) {}
    void Fire() override { server_.CloseAll(); }

   private:
    HttpServer& server_;
  };

  bool IsFull() const;
  // Where it is full, the connection that has been idle longest makes room.
  void Add(Socket socket, TlsContext* tls);
  void Begin(std::unique_ptr<Connection> connection);
  void CloseAll();
  void Closed(Connection& connection) override;
  void Becomes(Connection& connection, std::unique_ptr<Connection> next) override;
  void Discard(Connection& connection);
  void Run() override;

  Shared shared_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> closed_;  // to be destroyed by the next job
  uint64_t accepted_ = 0;
  absl::AnyInvocable<void()> drained_;
  Deadline deadline_{*this};
};

}  // namespace chains::gateway
