#include "chains/grpc/served_carrier.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "chains/grpc/sendable.h"
#include "chains/grpc/status.h"

namespace chains::internal {
namespace {

// While more answers than this wait to be written, no further calls are read.
constexpr size_t kMostUnwritten = 4 * 1024 * 1024;

// How long a caller that was told to go may take to say that it has.
constexpr absl::Duration kPatience = absl::Seconds(1);

// Calls that begin in one turn, at most, and for how long: then the answers that are ready leave
// first. With 96 calls in a message they would all wait for the last, and the caller with them.
constexpr int kCallsInTurn = 16;
constexpr absl::Duration kLongestTurn = absl::Microseconds(250);

// A longer time that is left is as good as none, and would not fit into a Duration's arithmetic.
constexpr uint64_t kLongestTimeout = uint64_t{365} * 24 * 3600 * 1'000'000;

absl::Time DeadlineOf(const ReceivedCall& call, absl::Time now) {
  if (call.timeout_us == 0 || call.timeout_us > kLongestTimeout) return absl::InfiniteFuture();
  return now + absl::Microseconds(static_cast<int64_t>(call.timeout_us));
}

}  // namespace

void ServedCarrier::Call::Begin(ReceivedCall& call, absl::Time now) {
  const Service::Handler* const handler = lane_.Find(call.path);
  const bool housekeeping = IsHousekeeping(call.path);
  const bool full = !housekeeping && lane_.in_flight() >= lane_.max_calls();
  if (!housekeeping) Count();
  if (absl::Status may = full ? TooManyCalls() : MayRun(handler, call); !may.ok()) return End(may);
  deadline_ = DeadlineOf(call, now);
  carrier_.Watch(deadline_);
  wishes_ = call.wishes;
  Context context = ContextOf(deadline_, std::move(call.said), wishes_);
  Run(*handler, std::move(context), handler->unary(std::move(call.request)));
  wishes_.recording = {};  // a view of the message
}

absl::Status ServedCarrier::Call::MayRun(const Service::Handler* handler,
                                         const ReceivedCall& call) {
  if (handler == nullptr || handler->method->kind != MethodKind::kUnary) {
    return absl::UnimplementedError(absl::StrCat("no unary method ", std::string(call.path),
                                                 " here: the replica ", lane_.options().replica,
                                                 " serves ", lane_.Contracts()));
  }
  if (lane_.callers() == nullptr || IsHealth(call.path)) return absl::OkStatus();
  return lane_.callers()->MayCall(carrier_.context_.c_call(), handler->method->chainlet);
}

void ServedCarrier::Call::Answer(absl::StatusOr<Bytes> outcome, const Method& method) {
  absl::Status status = outcome.status();
  if (status.ok()) status = CheckMessageSize(outcome->size(), "the reply of ", method.path);
  if (!status.ok()) return End(status);
  Send(*outcome, grpc::Status());
}

void ServedCarrier::Call::End(const absl::Status& status) {
  DropTask();
  NoteEnd(status);
  Send(Bytes(), ToGrpcStatus(status));
}

// In gRPC's own words, as the caller's end says them.
void ServedCarrier::Call::EndLate() {
  DropTask();
  NoteEnd(absl::DeadlineExceededError("its deadline passed"));
  Send(Bytes(), grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"));
}

void ServedCarrier::Call::Send(const Bytes& reply, grpc::Status status) {
  NoteTime();
  CarriedEnd end{.status = std::move(status)};
  std::string figures;
  if (receipt() != nullptr) [[unlikely]]
    figures = receipt()->Answer(end.status);
  end.receipt = figures;
  end.load = Load();
  ServedCarrier& carrier = carrier_;
  carrier.answers_.AddAnswer(id_, reply, end);
  carrier.lane_.reactor().Last(carrier.writing_);
  carrier.calls_.erase(id_);
}

void ServedCarrier::Accept() {
  Reactor::Tag* const done = &done_;
  context_.AsyncNotifyWhenDone(done);
  lane_.known().RequestCarrier(context_, stream_, lane_.queue(), accept_.Begin());
}

// gRPC sends the tag of `done_` for streams that began, and for no other.
void ServedCarrier::Returned(Operation& operation, bool ok) {
  if (&operation == &accept_) {
    if (ok) Opened();
  } else if (&operation == &done_) {
    over_ = true;
    message_.reset();
    taking_.Forget();
    calls_.clear();
    deadline_.Disarm();
    age_.Disarm();
    writing_.Forget();
    Unlink();
  } else if (&operation == &read_) {
    heard_all_ = heard_all_ || !ok;
    if (!heard_all_) TakeMessage();
    EndWhenDone();
  } else if (&operation == &write_) {
    if (!answers_.empty()) Write();
    Read();
    EndWhenDone();
  }
}

// The first message says that it is open.
void ServedCarrier::Opened() {
  done_.Begin();
  lane_.carriers().PushBack(*this);
  lane_.AcceptCarrier();
  const absl::Duration age = lane_.options().max_carrier_age;
  if (age > absl::ZeroDuration()) lane_.reactor().Arm(age_, lane_.reactor().Now() + age);
  sent_ = answers_.Take();
  stream_.Write(Sendable(sent_), write_.Begin());
  Read();
}

void ServedCarrier::Read() {
  const bool busy = read_.running() || message_ || answers_.size() > kMostUnwritten;
  if (!may_begin() || heard_all_ || busy) return;
  stream_.Read(&received_.buffer(), read_.Begin());
}

void ServedCarrier::TakeMessage() {
  if (over_) return;
  lane_.reactor().Tick();
  arrived_ = lane_.reactor().Now();
  message_.emplace(std::exchange(received_, Bytes()));
  TakeSome(arrived_);
}

void ServedCarrier::TakeSome(absl::Time now) {
  const absl::Time end = now + kLongestTurn;
  const auto withdraw = [this](uint64_t id) { calls_.erase(id); };
  for (int taken = 0; taken < kCallsInTurn; ++taken) {
    ReceivedCall call;
    if (!message_->Next(call, withdraw)) return EndMessage();
    Take(call);
    if (taken % 4 == 3 && lane_.reactor().Now() > end) break;
  }
  lane_.reactor().Ready(taking_);
}

void ServedCarrier::EndMessage() {
  const absl::Status read = message_->status();
  message_.reset();
  if (!read.ok()) {
    end_ = ToGrpcStatus(read);
    return End(read);
  }
  Read();
  EndWhenDone();
}

void ServedCarrier::Take(ReceivedCall& call) {
  auto [place, is_new] = calls_.try_emplace(call.id, nullptr);
  if (!is_new) return;
  place->second = std::make_unique<Call>(*this, call.id);
  place->second->Begin(call, arrived_);
}

void ServedCarrier::Write() {
  if (!may_begin() || write_.running() || answers_.empty()) return;
  sent_ = answers_.Take();
  stream_.Write(Sendable(sent_), write_.Begin());
}

void ServedCarrier::Watch(absl::Time deadline) {
  if (deadline >= watched_) return;
  watched_ = deadline;
  lane_.reactor().Arm(deadline_, deadline);
}

// Their callers know by their own clocks. They are answered all the same: a call without an answer
// is one that was never seen.
void ServedCarrier::EndLate() {
  const absl::Time now = lane_.reactor().Now();
  std::vector<uint64_t> late;
  watched_ = absl::InfiniteFuture();
  for (const auto& [id, call] : calls_) {
    if (call->deadline() <= now) {
      late.push_back(id);
    } else {
      watched_ = std::min(watched_, call->deadline());
    }
  }
  for (const uint64_t id : late) calls_.at(id)->EndLate();
  if (watched_ != absl::InfiniteFuture()) lane_.reactor().Arm(deadline_, watched_);
  EndWhenDone();
}

void ServedCarrier::Leave() {
  if (over_ || std::exchange(leaving_, true)) return;
  answers_.AddLeaving();
  lane_.reactor().Last(writing_);
  lane_.reactor().Arm(age_, lane_.reactor().Now() + kPatience);
}

// A caller that does not answer must not hold up who leaves; calls that run may.
void ServedCarrier::Linger() {
  if (!leaving_) return Leave();
  heard_all_ = heard_all_ || calls_.empty();
  if (!heard_all_) lane_.reactor().Arm(age_, lane_.reactor().Now() + kPatience);
  EndWhenDone();
}

void ServedCarrier::End(const absl::Status& status) {
  message_.reset();
  taking_.Forget();
  while (!calls_.empty()) calls_.begin()->second->End(status);
  heard_all_ = true;
  EndWhenDone();
}

void ServedCarrier::EndWhenDone() {
  if (!may_begin() || !heard_all_ || message_ || !calls_.empty()) return;
  Write();
  if (write_.running()) return;
  over_ = true;
  stream_.Finish(end_, finish_.Begin());
}

}  // namespace chains::internal
