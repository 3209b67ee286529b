#include "chains/grpc/client_channel.h"

#include <algorithm>
#include <map>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/str_cat.h"
#include "chains/grpc/carried_call.h"
#include "chains/grpc/client_call.h"
#include "chains/grpc/client_carrier.h"
#include "chains/grpc/connection.h"
#include "chains/grpc/peer_names.h"
#include "chains/grpc/receipts.h"

namespace chains {
namespace {

constexpr absl::Duration kAskEvery = absl::Milliseconds(100);

// Before a carrier is opened again where one ended: for a while, or because its callee knows none
// and may have been exchanged since.
constexpr absl::Duration kBetweenCarriers = absl::Milliseconds(100);
constexpr absl::Duration kWithoutCarriers = absl::Minutes(1);

enum class Use { kUnary, kStreams };

// Servers of others allow a ping in five minutes, and none without calls.
void BePatient(std::map<std::string, int>& numbers) {
  numbers[GRPC_ARG_KEEPALIVE_TIME_MS] = 360'000;
  numbers[GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS] = 0;
  numbers[GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA] = 2;
}

grpc::ChannelArguments ArgumentsFor(Use use, const GrpcChannel::Options& options) {
  std::map<std::string, int> numbers;
  internal::SetClientArguments([&](const char* name, int value) { numbers[name] = value; });
  if (options.elsewhere) BePatient(numbers);
  grpc::ChannelArguments arguments;
  for (const auto& [name, value] : numbers) arguments.SetInt(name, value);
  if (options.transparent_retries) arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  // So that a callee that is back is found within little more than a second.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // How long an attempt to connect may take, despite its name.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  const bool of_ours = options.credentials != nullptr && !options.elsewhere;
  if (of_ours) arguments.SetSslTargetNameOverride(kTlsServerName);
  if (use == Use::kStreams) {
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 * 1024);
  }
  return arguments;
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address,
                                       const GrpcChannel::Options& options, Use use) {
  const bool tls = options.credentials != nullptr;
  return grpc::CreateCustomChannel(address,
                                   tls ? options.credentials : grpc::InsecureChannelCredentials(),
                                   ArgumentsFor(use, options));
}

std::shared_ptr<const internal::Peer> PeerAt(const std::string& address,
                                             const GrpcChannel::Options& options) {
  auto peer = std::make_shared<internal::Peer>();
  peer->address = address;
  peer->authority = internal::AuthorityOf(address);
  peer->elsewhere = options.elsewhere;
  return peer;
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

// Of unary calls.
struct GrpcChannel::Connection {
  explicit Connection(std::shared_ptr<grpc::Channel> to) : channel(std::move(to)), stub(channel) {}
  std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub;
  internal::Held<internal::ClientCarrier> carrier;  // null: none was opened, or it has ended
  absl::Time open_at = absl::InfinitePast();
};

GrpcChannel::GrpcChannel(const std::string& address, Reactor& reactor, Options options)
    : peer_(PeerAt(address, options)),
      reactor_(reactor),
      carries_(options.carries && !options.elsewhere),
      streaming_(
          std::make_unique<grpc::GenericStub>(Connect(peer_->address, options, Use::kStreams))),
      load_(options.asks_load ? std::make_shared<ServerLoad>() : nullptr) {
  for (size_t i = 0; i < std::max<size_t>(1, options.connections); ++i) {
    unary_.emplace_back(Connect(peer_->address, options, Use::kUnary));
  }
}

// Carriers are the reactor's thread's.
GrpcChannel::~GrpcChannel() {
  for (Connection& each : unary_) {
    if (each.carrier == nullptr || reactor_.ended()) continue;
    if (reactor_.InLoop()) {
      each.carrier->Leave();
    } else {
      reactor_.Post([carrier = std::move(each.carrier)] { carrier->Leave(); });
    }
  }
}

const std::string& GrpcChannel::address() const { return peer_->address; }

bool GrpcChannel::carrying() const {
  return std::all_of(unary_.begin(), unary_.end(), [](const Connection& each) {
    return each.carrier != nullptr && each.carrier->open();
  });
}

GrpcChannel::Connection& GrpcChannel::Next() {
  next_ = (next_ + 1) % unary_.size();
  return unary_[next_];
}

grpc::GenericStub& GrpcChannel::NextStub() {
  Connection& connection = Next();
  if (carries_) OpenCarrier(connection);
  return connection.stub;
}

// Where a connection is already: so failures to connect are told to calls that go alone, and no
// call waits for a carrier.
void GrpcChannel::OpenCarrier(Connection& connection) {
  const bool may = connection.carrier == nullptr && reactor_.EarliestNow() >= connection.open_at &&
                   !reactor_.stopping() &&
                   connection.channel->GetState(false) == GRPC_CHANNEL_READY;
  if (!may) return;
  connection.carrier.reset(new internal::ClientCarrier(reactor_, peer_));
  connection.carrier->Open(connection.stub, [this, &connection] {
    const bool unknown = connection.carrier->unknown();
    connection.open_at = reactor_.Now() + (unknown ? kWithoutCarriers : kBetweenCarriers);
    connection.carrier.reset();
  });
}

Task<Bytes> GrpcChannel::Make(const Method& method, Bytes request, std::optional<Bytes>* unsent) {
  if (carries_) {
    Connection& connection = unary_[(next_ + 1) % unary_.size()];
    if (connection.carrier != nullptr && connection.carrier->Takes(method, request.size())) {
      next_ = (next_ + 1) % unary_.size();
      return internal::CarriedCall::Make(*this, connection.carrier, method, std::move(request),
                                         unsent);
    }
  }
  return internal::UnaryCall::Make(*this, method, std::move(request), unsent);
}

const std::string& GrpcChannel::PathOf(const Method& method) {
  for (const auto& [known, path] : paths_) {
    if (known == &method) return *path;
  }
  paths_.emplace_back(&method, std::make_unique<const std::string>(method.path));
  return *paths_.back().second;
}

std::shared_ptr<ServerLoad> GrpcChannel::LoadToAskFor(absl::Time now) {
  if (load_ == nullptr || now < ask_at_) return nullptr;
  ask_at_ = now + kAskEvery;
  return load_;
}

Task<Bytes> GrpcChannel::Unary(const Method& method, Bytes request) {
  return Make(method, std::move(request), nullptr);
}

Task<Bytes> GrpcChannel::UnaryOrBack(const Method& method, Bytes request,
                                     std::optional<Bytes>& unsent) {
  return Make(method, std::move(request), &unsent);
}

Stream<Bytes> GrpcChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  internal::Here::Place here = co_await internal::Here();
  const Reading call(new internal::StreamCall(reactor_, method, peer_));
  co_await peer_->CheckLoop(here.loop(), reactor_);
  const auto recorded = peer_->Record(here.context(), reactor_, method);
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
  if (recorded) recorded->Answered(call->status(), call->client_context());
  co_await call->status();
}

}  // namespace chains
