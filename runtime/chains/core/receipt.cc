#include "chains/core/receipt.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/core/loop.h"

namespace chains::internal {
namespace {

// A wall clock may be set back.
absl::Duration Between(absl::Time from, absl::Time to) {
  return std::max(absl::ZeroDuration(), to - from);
}

// Whole characters: half of one would be no text for protobuf.
std::string CutText(absl::string_view text, size_t max) {
  size_t size = std::min(text.size(), max);
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  return std::string(text.data(), size);
}

void AppendVarint(size_t number, std::string& to) {
  for (; number >= 0x80; number >>= 7) to += static_cast<char>(number | 0x80);
  to += static_cast<char>(number);
}

// What a message takes besides its own bytes, so that many empty ones have a bound.
constexpr size_t kWithEach = 8;

}  // namespace

CallRecord* CallRecord::Add(CallFigures call, absl::Time began) {
  CallRecord* const made = receipt_.Make(std::move(call), began, span_);
  if (made != nullptr) {
    calls_.push_back(made);
  } else {
    ++figures.calls_left_out;
    receipt_.LeaveOut(1);
  }
  return made;
}

CallRecord* CallRecord::AddTold(CallFigures call) {
  CallRecord* const made = Add(std::move(call), began_);
  if (made != nullptr) made->told_ = true;
  return made;
}

CallRecord* CallRecord::AddBeside(absl::Time began) {
  if (!traced()) return nullptr;
  CallFigures same;
  same.chainlet = figures.chainlet;
  same.method = figures.method;
  same.attempt = figures.attempt + 1;
  return receipt_.Make(std::move(same), began, parent_span_);
}

void CallRecord::RetryBegins(int attempt, absl::Time now) {
  const CallFigures last = std::exchange(figures, CallFigures());
  figures.chainlet = last.chainlet;
  figures.method = last.method;
  figures.start = last.start;
  figures.attempt = attempt;
  figures.retries = Between(began_, now);
  arrived_ = absl::InfinitePast();
  served_ = false;
  ended_ = false;
  if (messages_ != nullptr) {
    messages_->reply.clear();
    messages_->has_reply = false;
  }
  calls_.clear();
  const bool failed =
      last.code != absl::StatusCode::kOk && last.code != absl::StatusCode::kCancelled;
  Note(now, "attempt",
       failed ? absl::StrCat(attempt, ", after ", absl::StatusCodeToString(last.code))
              : absl::StrCat(attempt));
}

void CallRecord::Ends(absl::StatusCode code, absl::Time now) {
  figures.code = code;
  figures.elapsed = Between(began_, now);
  ended_ = true;
}

void CallRecord::GoesTo(std::string_view address) {
  figures.replica = address;
  served_here_ = false;
}

bool CallRecord::Arrives(absl::Time now) {
  if (arrived_ != absl::InfinitePast()) return false;
  arrived_ = now;
  figures.callee = CalleeSide::kKnown;
  return true;
}

void CallRecord::Leaves(absl::Time now) { figures.total = Between(arrived_, now); }

void CallRecord::Serves(std::string_view replica) {
  served_ = true;
  served_here_ = true;
  figures.replica = replica;
}

void CallRecord::Account(absl::Time now) {
  if (runs_ && calls_running_ == 0) figures.user += Between(since_, now);
  since_ = now;
}

void CallRecord::Runs(absl::Time now) {
  Account(now);
  runs_ = true;
}

void CallRecord::Rests(absl::Time now) {
  Account(now);
  runs_ = false;
}

void CallRecord::CallBegins(absl::Time now) {
  Account(now);
  ++calls_running_;
}

void CallRecord::CallEnds(absl::Time now) {
  Account(now);
  --calls_running_;
}

void CallRecord::Note(absl::Time at, std::string_view event, std::string detail) {
  if (!traced() || events_.size() == kMaxEvents) return;
  events_.push_back({.at = at, .name = event, .detail = std::move(detail)});
}

// A failure with a path has begun below, where it is told of.
void CallRecord::Fails(const absl::Status& failure) {
  if (failure.ok() || !traced() || !figures.message.empty()) return;
  if (failure.GetPayload(kPathType)) return;
  figures.message = CutText(failure.message(), kMaxFailureBytes);
}

KeptMessages& CallRecord::mutable_messages() {
  if (messages_ == nullptr) messages_ = std::make_unique<KeptMessages>();
  return *messages_;
}

bool CallRecord::Has(Side side) const {
  if (messages_ == nullptr) return false;
  return side == Side::kRequest ? messages_->has_request : messages_->has_reply;
}

bool CallRecord::HasRoomFor(size_t bytes) {
  if (bytes <= kMaxKeptMessage && receipt_.TakeRoom(bytes + kWithEach)) return true;
  mutable_messages().cut = true;
  return false;
}

void CallRecord::Keep(Side side, std::string message) {
  KeptMessages& kept = mutable_messages();
  (side == Side::kRequest ? kept.has_request : kept.has_reply) = true;
  (side == Side::kRequest ? kept.request : kept.reply) = std::move(message);
}

void CallRecord::KeepItem(Side side, std::string_view message) {
  KeptMessages& kept = mutable_messages();
  (side == Side::kRequest ? kept.has_request : kept.has_reply) = true;
  std::string& to = side == Side::kRequest ? kept.request : kept.reply;
  AppendVarint(message.size(), to);
  to += message;
}

std::shared_ptr<Receipt> Receipt::Begin(const Loop& loop, Purpose purpose) {
  return std::make_shared<Receipt>(loop, std::move(purpose));
}

Receipt::Receipt(const Loop& loop, Purpose purpose)
    : loop_(loop),
      purpose_(std::move(purpose)),
      root_(*this, CallFigures(), loop.Now(), purpose_.span) {
  live_receipts.fetch_add(1, std::memory_order_relaxed);
  if (!purpose_.recording.empty()) live_recordings.fetch_add(1, std::memory_order_relaxed);
}

Receipt::~Receipt() {
  live_receipts.fetch_sub(1, std::memory_order_relaxed);
  if (!purpose_.recording.empty()) live_recordings.fetch_sub(1, std::memory_order_relaxed);
}

Context Receipt::Under(const Context& context, CallRecord& record) {
  return context.WithRecord(std::shared_ptr<CallRecord>(shared_from_this(), &record));
}

CallRecord* Receipt::Make(CallFigures figures, absl::Time began, uint64_t parent) {
  if (records_.size() == kMaxCalls) {
    ++calls_too_many_;
    return nullptr;
  }
  return &records_.emplace_back(*this, std::move(figures), began, purpose_.traced ? NewSpanId() : 0,
                                parent);
}

bool Receipt::TakeRoom(size_t bytes) {
  if (bytes > room_) return false;
  room_ -= bytes;
  return true;
}

}  // namespace chains::internal
