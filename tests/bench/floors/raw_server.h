// RawServer: the floor of a served call. What one would write by hand against gRPC's completion
// queue: one thread, one queue, the generic service, three operations and the done tag a call
// (and one for each item of a stream), and a state machine without coroutines, policies or anything
// else of the runtime but its settings.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server.h>

namespace bench {

// What gRPC hands back.
class RawTag {
 public:
  virtual void Proceed(bool ok) = 0;

 protected:
  ~RawTag() = default;
};

// One call that was taken; Reply(), End() or Fail() ends it, once, on the server's thread.
class RawCall {
 public:
  virtual const std::string& path() const = 0;
  virtual const grpc::ByteBuffer& request() const = 0;
  // One item of a stream; the next one, or an end, may follow when `sent` came back.
  virtual void Send(const grpc::ByteBuffer& item, RawTag& sent) = 0;
  virtual void End() = 0;
  virtual void Reply(const grpc::ByteBuffer& reply) = 0;
  virtual void Fail(const grpc::Status& status) = 0;

 protected:
  ~RawCall() = default;
};

class RawServer {
 public:
  using Handler = std::function<void(RawCall&)>;
  RawServer(const std::string& listen, Handler handler);
  ~RawServer();

  const std::string& address() const { return address_; }
  grpc::ServerCompletionQueue& queue() { return *queue_; }
  // Serves on the calling thread, until another one calls Stop().
  void Run();
  void Stop();

 private:
  class Taken;

  const Handler handler_;
  std::string address_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
};

// A generic stub on a connection of its own, with the runtime's settings. What calls it gives
// RawAuthority() to its ClientContext, as the runtime does.
std::unique_ptr<grpc::GenericStub> RawConnect(const std::string& address);
// The same with the settings that the runtime has for streams.
std::unique_ptr<grpc::GenericStub> RawConnectForStreams(const std::string& address);
std::string RawAuthority(const std::string& address);

}  // namespace bench
