#include "chains/grpc/client_channel.h"

#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/str_cat.h"
#include "chains/core/pool.h"
#include "chains/grpc/client_call.h"
#include "chains/grpc/connection.h"
#include "chains/grpc/limits.h"
#include "chains/grpc/receipts.h"
#include "chains/grpc/status.h"

namespace chains {
namespace {

enum class Use { kUnary, kStreams };

grpc::ChannelArguments ArgumentsFor(Use use) {
  grpc::ChannelArguments arguments;
  internal::SetClientArguments(
      [&arguments](const char* name, int value) { arguments.SetInt(name, value); });
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // How long an attempt to connect may take, despite its name.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  if (use == Use::kStreams) {
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 * 1024);
  }
  return arguments;
}

std::unique_ptr<grpc::GenericStub> Connect(const std::string& address, Use use) {
  return std::make_unique<grpc::GenericStub>(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), ArgumentsFor(use)));
}

std::shared_ptr<const internal::Peer> PeerAt(const std::string& address) {
  auto peer = std::make_shared<internal::Peer>();
  peer->address = address;
  peer->authority = internal::AuthorityOf(address);
  return peer;
}

absl::Status Misplaced(const std::string& address) {
  return absl::FailedPreconditionError(absl::StrCat(
      address, ": called from another loop than the reactor that its GrpcChannel was made for"));
}

// Null where no receipt is written.
std::unique_ptr<internal::RecordedCall> Record(const internal::Here::Place& here,
                                               const Method& method, const std::string& address) {
  if (here.context().record() == nullptr) return nullptr;
  return std::make_unique<internal::RecordedCall>(here.context(), here.loop(), method, address);
}

// Ends the call when the coroutine that reads it is dropped.
class Reading {
 public:
  explicit Reading(internal::Held<internal::StreamCall> call) : call_(std::move(call)) {}
  Reading(const Reading&) = delete;
  ~Reading() { call_->Leave(); }
  internal::StreamCall* operator->() const { return call_.get(); }
  internal::StreamCall& operator*() const { return *call_; }

 private:
  const internal::Held<internal::StreamCall> call_;
};

}  // namespace

GrpcChannel::GrpcChannel(const std::string& address, Reactor& reactor, Options options)
    : peer_(PeerAt(address)),
      reactor_(reactor),
      streaming_(Connect(peer_->address, Use::kStreams)) {
  for (size_t i = 0; i < std::max<size_t>(1, options.connections); ++i) {
    unary_.push_back(Connect(peer_->address, Use::kUnary));
  }
}

GrpcChannel::~GrpcChannel() = default;

const std::string& GrpcChannel::address() const { return peer_->address; }

grpc::GenericStub& GrpcChannel::NextStub() {
  next_ = (next_ + 1) % unary_.size();
  return *unary_[next_];
}

const std::string& GrpcChannel::PathOf(const Method& method) {
  for (const auto& [known, path] : paths_) {
    if (known == &method) return *path;
  }
  paths_.emplace_back(&method, std::make_unique<const std::string>(method.path));
  return *paths_.back().second;
}

// Without co_await for what is fine almost always: each costs 50 instructions.
Task<Bytes> GrpcChannel::Unary(const Method& method, Bytes request) {
  internal::Here::Place here = co_await internal::Here();
  if (&here.loop() != &reactor_) co_return Misplaced(peer_->address);
  if (request.size() > kMaxMessageBytes) {
    co_return internal::CheckMessageSize(request.size(), "the request to ", peer_->address);
  }
  const internal::Held<internal::UnaryCall> call(new internal::UnaryCall(reactor_, method, peer_));
  const auto recorded = Record(here, method, peer_->address);
  absl::Status started =
      call->Start(NextStub(), PathOf(method), recorded ? recorded->context() : here.context(),
                  std::move(request));
  if (!started.ok()) co_return started;
  co_await call->Ended();
  if (recorded) recorded->Answered(call->status(), call->context());
  co_return call->TakeOutcome();
}

Stream<Bytes> GrpcChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  internal::Here::Place here = co_await internal::Here();
  if (&here.loop() != &reactor_) co_await Misplaced(peer_->address);
  const Reading call(new internal::StreamCall(reactor_, method, peer_));
  const auto recorded = Record(here, method, peer_->address);
  const Context& context = recorded ? recorded->context() : here.context();
  co_await call->Start(*streaming_, context);
  call->Send(context, std::move(requests));
  while (true) {
    const bool received = co_await call->Read();
    if (!received) break;
    Bytes reply = call->TakeReply();
    co_yield std::move(reply);
  }
  co_await call->Finish();
  if (recorded) recorded->Answered(call->status(), call->context());
  co_await call->status();
}

}  // namespace chains
