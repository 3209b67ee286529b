#include "tests/bench/floors/raw_server.h"

#include <atomic>
#include <chrono>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "chains/grpc/connection.h"

namespace bench {

// Destroys itself when both its last operation and the done tag have come back.
class RawServer::Taken final : public RawCall {
 public:
  explicit Taken(RawServer& server) : server_(server), stream_(&context_) {
    context_.AsyncNotifyWhenDone(static_cast<RawTag*>(&done_));
    server_.service_.RequestCall(&context_, &stream_, server_.queue_.get(), server_.queue_.get(),
                                 static_cast<RawTag*>(&accept_));
  }
  const std::string& path() const override { return context_.method(); }
  const grpc::ByteBuffer& request() const override { return request_; }
  void Send(const grpc::ByteBuffer& item, RawTag& sent) override { stream_.Write(item, &sent); }
  void End() override { Fail(grpc::Status::OK); }
  void Reply(const grpc::ByteBuffer& reply) override {
    stream_.WriteAndFinish(reply, grpc::WriteOptions(), grpc::Status::OK,
                           static_cast<RawTag*>(&finish_));
  }
  void Fail(const grpc::Status& status) override {
    stream_.Finish(status, static_cast<RawTag*>(&finish_));
  }

 private:
  struct Step final : RawTag {
    Step(Taken& call, void (Taken::*next)(bool)) : call(call), next(next) {}
    void Proceed(bool ok) override { (call.*next)(ok); }
    Taken& call;
    void (Taken::*const next)(bool);
  };
  void Accepted(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    new Taken(server_);
    stream_.Read(&request_, static_cast<RawTag*>(&read_));
  }
  void Read(bool ok) {
    if (ok) {
      server_.handler_(*this);
    } else {
      Fail(grpc::Status(grpc::StatusCode::INTERNAL, "no request"));
    }
  }
  void Ended(bool) {
    if (--left_ == 0) delete this;
  }

  RawServer& server_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer request_;
  Step accept_{*this, &Taken::Accepted};
  Step read_{*this, &Taken::Read};
  Step finish_{*this, &Taken::Ended};
  Step done_{*this, &Taken::Ended};
  int left_ = 2;
};

RawServer::RawServer(const std::string& listen, Handler handler) : handler_(std::move(handler)) {
  grpc::ServerBuilder builder;
  chains::internal::SetCommonArguments(
      [&builder](const char* name, int value) { builder.AddChannelArgument(name, value); });
  builder.RegisterAsyncGenericService(&service_);
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  queue_ = builder.AddCompletionQueue();
  server_ = builder.BuildAndStart();
  address_ = absl::StartsWith(listen, "unix:")
                 ? listen
                 : absl::StrCat(listen.substr(0, listen.rfind(':') + 1), port);
  for (int i = 0; i < 64; ++i) new Taken(*this);
}

RawServer::~RawServer() = default;

void RawServer::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<RawTag*>(tag)->Proceed(ok);
}

void RawServer::Stop() {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  queue_->Shutdown();
}

std::string RawAuthority(const std::string& address) {
  return chains::internal::AuthorityOf(address);
}

namespace {

grpc::ChannelArguments ClientArguments() {
  grpc::ChannelArguments arguments;
  chains::internal::SetClientArguments(
      [&arguments](const char* name, int value) { arguments.SetInt(name, value); });
  return arguments;
}

std::unique_ptr<grpc::GenericStub> ConnectWith(const std::string& address,
                                               const grpc::ChannelArguments& arguments) {
  return std::make_unique<grpc::GenericStub>(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

}  // namespace

std::unique_ptr<grpc::GenericStub> RawConnect(const std::string& address) {
  return ConnectWith(address, ClientArguments());
}

std::unique_ptr<grpc::GenericStub> RawConnectForStreams(const std::string& address) {
  grpc::ChannelArguments arguments = ClientArguments();
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 * 1024);
  return ConnectWith(address, arguments);
}

}  // namespace bench
