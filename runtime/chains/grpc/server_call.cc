#include "chains/grpc/server_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/grpc/metadata.h"
#include "chains/grpc/sendable.h"
#include "chains/grpc/status.h"

namespace chains::internal {

ServerCall::~ServerCall() {
  if (counted_) --lane_.in_flight();
}

void ServerCall::Accept() {
  Reactor::Tag* const done = &done_;
  context_.AsyncNotifyWhenDone(done);
  if (known_ == Lane::kOther) {
    lane_.others().RequestCall(&context_, &stream_, &lane_.queue(), &lane_.queue(),
                               accept_.Begin());
  } else {
    has_request_ = true;
    lane_.known().Request(known_, context_, request_.buffer(), stream_, lane_.queue(),
                          accept_.Begin());
  }
}

std::string_view ServerCall::path() const {
  return known_ == Lane::kOther ? std::string_view(context_.method())
                                : lane_.known().method(known_).path;
}

// gRPC sends the tag of `done_` for calls that began, and for no other.
void ServerCall::Returned(Operation& operation, bool ok) {
  if (&operation == &accept_ && ok) {
    done_.Begin();
    Accepted();
    if (task_ && task_->ended()) {
      lane_.AcceptOneLater(known_);
    } else {
      lane_.AcceptOne(known_);
    }
  } else if (&operation == &done_) {
    answered_ = true;
    task_.reset();
    if (times_ != nullptr) NoteTime();
    Unlink();
  }
}

void ServerCall::Accepted() {
  const Service::Handler* const handler =
      known_ == Lane::kOther ? lane_.Find(context_.method()) : lane_.handler(known_);
  const bool housekeeping = IsHousekeeping(path());
  const bool full = !housekeeping && lane_.in_flight() >= lane_.max_calls();
  lane_.running().PushBack(*this);
  if (!housekeeping) {
    counted_ = true;
    ++lane_.in_flight();
  }
  if (handler == nullptr && lane_.fallback() == nullptr) {
    End(NoSuchMethod());
  } else if (full) {
    End(TooManyCalls());
  } else if (handler == nullptr) {
    RunFallback();
  } else if (lane_.callers() == nullptr) {
    Run(*handler);
  } else if (absl::Status may = MayCall(*handler); may.ok()) {
    Run(*handler);
  } else {
    End(may);
  }
}

absl::Status ServerCall::MayCall(const Service::Handler& handler) {
  if (IsHealth(path())) return absl::OkStatus();
  return lane_.callers()->MayCall(context_.c_call(), handler.method->chainlet);
}

absl::Status ServerCall::NoSuchMethod() const {
  return absl::UnimplementedError(absl::StrCat("no method ", std::string(path()),
                                               " here: the replica ", lane_.options().replica,
                                               " serves ", lane_.Contracts()));
}

// This one is among those that it has.
absl::Status ServerCall::TooManyCalls() const {
  if (!lane_.refusal().ok()) return lane_.refusal();
  return absl::ResourceExhaustedError(
      absl::StrCat("the replica ", lane_.options().replica, " has ", lane_.in_flight().load() - 1,
                   " calls on one reactor: raise GrpcServer::Options::max_calls or add reactors"));
}

Context ServerCall::ReceiveContext() {
  Reactor& reactor = lane_.reactor();
  reactor.Tick();
  return Receive(lane_.deadlines().FromGrpc(context_.raw_deadline(), reactor.EarliestNow()),
                 context_.client_metadata(), &wishes_);
}

void ServerCall::AnswerLoad() {
  const Lane::Options& options = lane_.options();
  if (options.in_flight == nullptr) return;
  context_.AddTrailingMetadata(kLoadQuestion, absl::StrCat(options.in_flight()));
}

void ServerCall::Run(const Service::Handler& handler) { Run(handler, ReceiveContext()); }

void ServerCall::RunFallback() {
  Context context = ReceiveContext();
  absl::StatusOr<Service::Handler> found = lane_.fallback()(path(), context);
  if (!found.ok()) return End(found.status());
  found_ = std::make_unique<Service::Handler>(*std::move(found));
  Run(*found_, std::move(context));
}

void ServerCall::Run(const Service::Handler& handler, Context context) {
  Reactor& reactor = lane_.reactor();
  times_ = handler.times;
  if (times_ != nullptr) arrived_ = reactor.Now();
  SpanQueue* const spans = lane_.options().spans;
  const bool asked = wishes_.receipt || wishes_.own_figures;
  if (asked || (wishes_.traced && spans != nullptr)) [[unlikely]] {
    receipt_ = std::make_unique<ServedReceipt>(context, reactor, *handler.method, wishes_, spans,
                                               lane_.options().traced_times);
    context = receipt_->context();
  }
  task_.emplace(reactor, std::move(context), MakeAnswer(handler),
                [this, &handler](absl::StatusOr<Bytes> outcome) {
                  const Held<ServerCall> self(this);
                  if (!outcome.ok()) Failed(handler, outcome.status());
                  task_.reset();
                  if (receipt_ != nullptr) [[unlikely]]
                    receipt_->Ended(outcome.status());
                  Answer(std::move(outcome), handler.method->kind);
                });
  task_->Start();
}

// `done_`, and with it the call, is held as long as the task runs.
Task<Bytes> ServerCall::MakeAnswer(const Service::Handler& handler) {
  if (handler.method->kind != MethodKind::kUnary) {
    return AnswerStreaming(Held<ServerCall>(this), handler);
  }
  if (has_request_) return handler.unary(std::move(request_));
  return ReadAndAnswer(Held<ServerCall>(this), handler);
}

Task<Bytes> ServerCall::ReadAndAnswer(Held<ServerCall> call, const Service::Handler& handler) {
  const bool read = co_await call->Read();
  if (!read) co_return absl::InternalError("the call ended without a request");
  Bytes reply = co_await handler.unary(std::move(call->request_));
  co_return reply;
}

Task<Bytes> ServerCall::AnswerStreaming(Held<ServerCall> call, const Service::Handler& handler) {
  Stream<Bytes> replies = handler.streaming(Requests(call));
  while (Bytes* const reply = co_await InPlace(replies.Next())) {
    co_await CheckMessageSize(reply->size(), "a reply of ", call->path());
    const bool written = co_await call->Write(*reply);
    if (!written) co_return absl::CancelledError("the caller left");
  }
  co_return Bytes();
}

Stream<Bytes> ServerCall::Requests(Held<ServerCall> call) {
  while (true) {
    const bool read = co_await call->Read();
    if (!read) break;
    Bytes request = std::move(call->request_);
    co_yield std::move(request);
  }
  if (call->failed_to_read()) co_await absl::CancelledError("the caller left");
}

// A caller that left must not look like one that has sent everything.
bool ServerCall::failed_to_read() {
  return answered_ || grpc_call_failed_before_recv_message(context_.c_call()) != 0;
}

Operation::Ending ServerCall::Read() {
  if (answered_) return read_.Refused();
  if (std::exchange(has_request_, false)) return read_.Ended();
  stream_.Read(&request_.buffer(), read_.Begin());
  return read_.Ended();
}

Operation::Ending ServerCall::Write(Bytes& reply) {
  if (answered_) return write_.Refused();
  stream_.Write(Sendable(reply), grpc::WriteOptions(), write_.Begin());
  return write_.Ended();
}

void ServerCall::Failed(const Service::Handler& handler, const absl::Status& failure) const {
  const Lane::Options& options = lane_.options();
  if (options.on_failure == nullptr || IsHousekeeping(path())) return;
  options.on_failure(task_->context(), *handler.method, failure);
}

void ServerCall::NoteTime() {
  std::exchange(times_, nullptr)->Add(lane_.reactor().Now() - arrived_);
}

void ServerCall::Answer(absl::StatusOr<Bytes> outcome, MethodKind kind) {
  absl::Status status = outcome.status();
  if (status.ok() && kind == MethodKind::kUnary) {
    status = CheckMessageSize(outcome->size(), "the reply of ", path());
  }
  if (!status.ok() || kind != MethodKind::kUnary) return End(status);
  if (std::exchange(answered_, true)) return;
  if (times_ != nullptr) NoteTime();
  if (receipt_ != nullptr) receipt_->Answer(grpc::Status::OK, context_);
  if (wishes_.load) [[unlikely]]
    AnswerLoad();
  stream_.WriteAndFinish(Sendable(*outcome), grpc::WriteOptions(), grpc::Status::OK,
                         finish_.Begin());
}

void ServerCall::End(const absl::Status& status) {
  const Held<ServerCall> self(this);
  task_.reset();
  if (std::exchange(answered_, true)) return;
  if (times_ != nullptr) NoteTime();
  const grpc::Status answer = ToGrpcStatus(status);
  if (receipt_ != nullptr) {
    receipt_->Ended(status);
    receipt_->Answer(answer, context_);
  }
  if (wishes_.load) [[unlikely]]
    AnswerLoad();
  stream_.Finish(answer, finish_.Begin());
}

}  // namespace chains::internal
