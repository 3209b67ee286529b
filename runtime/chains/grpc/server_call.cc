#include "chains/grpc/server_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/grpc/metadata.h"
#include "chains/grpc/sendable.h"
#include "chains/grpc/status.h"

namespace chains::internal {

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
    if (ended()) {
      lane_.AcceptOneLater(known_);
    } else {
      lane_.AcceptOne(known_);
    }
  } else if (&operation == &done_) {
    answered_ = true;
    DropTask();
    NoteTime();
    Unlink();
  }
}

void ServerCall::Accepted() {
  const Service::Handler* const handler =
      known_ == Lane::kOther ? lane_.Find(context_.method()) : lane_.handler(known_);
  const bool housekeeping = IsHousekeeping(path());
  const bool full = !housekeeping && lane_.in_flight() >= lane_.max_calls();
  lane_.running().PushBack(*this);
  if (!housekeeping) Count();
  if (handler == nullptr && lane_.fallback() == nullptr) {
    End(NoSuchMethod());
  } else if (full) {
    End(TooManyCalls());
  } else if (handler == nullptr) {
    RunFallback();
  } else if (lane_.callers() == nullptr) {
    Run(*handler, ReceiveContext(), MakeAnswer(*handler));
  } else if (absl::Status may = MayCall(*handler); may.ok()) {
    Run(*handler, ReceiveContext(), MakeAnswer(*handler));
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

Context ServerCall::ReceiveContext() {
  Reactor& reactor = lane_.reactor();
  reactor.Tick();
  return Receive(lane_.deadlines().FromGrpc(context_.raw_deadline(), reactor.EarliestNow()),
                 context_.client_metadata(), &wishes_);
}

void ServerCall::AnswerLoad() {
  const int load = Load();
  if (load >= 0) context_.AddTrailingMetadata(kLoadQuestion, absl::StrCat(load));
}

void ServerCall::RunFallback() {
  Context context = ReceiveContext();
  absl::StatusOr<Service::Handler> found = lane_.fallback()(path(), context);
  if (!found.ok()) return End(found.status());
  found_ = std::make_unique<Service::Handler>(*std::move(found));
  Run(*found_, std::move(context), MakeAnswer(*found_));
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

void ServerCall::Answer(absl::StatusOr<Bytes> outcome, const Method& method) {
  const bool unary = method.kind == MethodKind::kUnary;
  absl::Status status = outcome.status();
  if (status.ok() && unary) {
    status = CheckMessageSize(outcome->size(), "the reply of ", path());
  }
  if (!status.ok() || !unary) return End(status);
  if (std::exchange(answered_, true)) return;
  NoteTime();
  if (receipt() != nullptr) receipt()->Answer(grpc::Status::OK, context_);
  if (wishes_.load) [[unlikely]]
    AnswerLoad();
  stream_.WriteAndFinish(Sendable(*outcome), grpc::WriteOptions(), grpc::Status::OK,
                         finish_.Begin());
}

void ServerCall::End(const absl::Status& status) {
  const Held<ServerCall> self(this);
  DropTask();
  if (std::exchange(answered_, true)) return;
  NoteTime();
  const grpc::Status answer = ToGrpcStatus(status);
  NoteEnd(status);
  if (receipt() != nullptr) receipt()->Answer(answer, context_);
  if (wishes_.load) [[unlikely]]
    AnswerLoad();
  stream_.Finish(answer, finish_.Begin());
}

}  // namespace chains::internal
