// GrpcChannel: calls to a chainlet in another process.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include "chains/contract/channel.h"
#include "chains/contract/sends_back.h"
#include "chains/grpc/elsewhere.h"
#include "chains/grpc/reactor.h"

namespace chains {

namespace internal {
class CarriedCall;
class ClientCarrier;
struct Peer;
class UnaryCall;
}  // namespace internal

// For coroutines of `reactor`: elsewhere a call fails with FAILED_PRECONDITION. It connects by
// itself, at the first call, and again after a failure. A call while nothing listens fails at once
// with UNAVAILABLE that names the address; one while a connection is being set up waits for it, at
// most until its deadline. What the callee answered carries its details; a call outlives the
// GrpcChannel when it must, if that is destroyed on the reactor's thread.
class GrpcChannel final : public Channel, public SendsBack {
 public:
  struct Options {
    // Connections of unary calls; as many as the callee has reactors. Calls take turns. Streams
    // have a connection of their own, whose windows stay small.
    size_t connections = 1;
    // TLS, and who must be there (grpc/identity.h); null: plaintext.
    std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr;
    // Asks the callee ten times a second, with a call, how busy it is: server_load().
    bool asks_load = false;
    // It belongs to somebody else (grpc/elsewhere.h): then the host's own name must be in its
    // certificate, not that of a chainlet.
    std::optional<Elsewhere> elsewhere = std::nullopt;
    // Whether gRPC sends a call anew that it knows nobody has seen, because its connection was told
    // to go (GOAWAY) meanwhile: for callers of servers with an age of connections, as gateways
    // have. Costs a copy of what each call sends; replicas, which leave tables before they go, do
    // without.
    bool transparent_retries = false;
    // Small unary calls share a stream for each connection (grpc/client_carrier.h), once it is
    // there; a third of what they cost alone. For callees that are replicas themselves: what stands
    // between and sends each call of gRPC to another one would send all of these to the same. One
    // that knows no such stream gets calls alone.
    bool carries = false;
  };
  // `address` is "host:port" or "unix:/path". `reactor` outlives the channel.
  GrpcChannel(const std::string& address, Reactor& reactor)
      : GrpcChannel(address, reactor, Options()) {}
  GrpcChannel(const std::string& address, Reactor& reactor, Options options);
  ~GrpcChannel() override;

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;
  Task<Bytes> UnaryOrBack(const Method& method, Bytes request,
                          std::optional<Bytes>& unsent) override;

  const ServerLoad* server_load() const override { return load_.get(); }

  const std::string& address() const;

  // Whether small unary calls share streams by now.
  bool carrying() const;

 private:
  friend class internal::CarriedCall;
  friend class internal::UnaryCall;
  struct Connection;
  Task<Bytes> Make(const Method& method, Bytes request, std::optional<Bytes>* unsent);
  Connection& Next();
  // Of a call that goes alone.
  grpc::GenericStub& NextStub();
  void OpenCarrier(Connection& connection);
  const std::string& PathOf(const Method& method);
  // What this call's answer is to be noted in, when it is time to ask; else null.
  std::shared_ptr<ServerLoad> LoadToAskFor(absl::Time now);

  const std::shared_ptr<const internal::Peer> peer_;
  Reactor& reactor_;
  const bool carries_;
  std::vector<Connection> unary_;
  std::unique_ptr<grpc::GenericStub> streaming_;
  size_t next_ = 0;
  const std::shared_ptr<ServerLoad> load_;  // null: it does not ask
  absl::Time ask_at_ = absl::InfinitePast();
  // As gRPC wants them; a contract has few methods.
  std::vector<std::pair<const Method*, std::unique_ptr<const std::string>>> paths_;
};

}  // namespace chains
