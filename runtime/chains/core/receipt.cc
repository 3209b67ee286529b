#include "chains/core/receipt.h"

#include <algorithm>
#include <utility>

#include "chains/core/loop.h"

namespace chains::internal {
namespace {

// A wall clock may be set back.
absl::Duration Between(absl::Time from, absl::Time to) {
  return std::max(absl::ZeroDuration(), to - from);
}

}  // namespace

CallRecord* CallRecord::Add(CallFigures call, absl::Time began) {
  CallRecord* const made = receipt_.Make(std::move(call), began);
  if (made != nullptr) {
    calls_.push_back(made);
  } else {
    ++figures.calls_left_out;
    receipt_.LeaveOut(1);
  }
  return made;
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
  calls_.clear();
}

void CallRecord::Ends(absl::StatusCode code, absl::Time now) {
  figures.code = code;
  figures.elapsed = Between(began_, now);
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

std::shared_ptr<Receipt> Receipt::Begin(const Loop& loop) {
  return std::make_shared<Receipt>(loop);
}

Receipt::Receipt(const Loop& loop) : loop_(loop), root_(*this, CallFigures(), loop.Now()) {
  live_receipts.fetch_add(1, std::memory_order_relaxed);
}

Receipt::~Receipt() { live_receipts.fetch_sub(1, std::memory_order_relaxed); }

Context Receipt::Under(const Context& context, CallRecord& record) {
  return context.WithRecord(std::shared_ptr<CallRecord>(shared_from_this(), &record));
}

CallRecord* Receipt::Make(CallFigures figures, absl::Time began) {
  if (records_.size() == kMaxCalls) return nullptr;
  return &records_.emplace_back(*this, std::move(figures), began);
}

}  // namespace chains::internal
