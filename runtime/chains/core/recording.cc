#include "chains/core/recording.h"

#include <algorithm>
#include <utility>

#include "chains/core/loop.h"

namespace chains::internal {

using Where = CallPlace::Where;

namespace {

// A wall clock may be set back.
absl::Duration TimeBetween(absl::Time from, absl::Time to) {
  return std::max(absl::ZeroDuration(), to - from);
}

constexpr std::string_view kCancelled = "cancelled";

void NoteQueue(CallRecord& record, absl::Time since, absl::Time until) {
  if (!record.traced()) return;
  record.Note(since, "queued",
              absl::FormatDuration(absl::Floor(TimeBetween(since, until), absl::Microseconds(1))));
}

}  // namespace

// A Context that was taken to another loop has a receipt that is not that loop's to write.
void Recording::Begin(const Context& context, const Loop& loop, const CallPlace& place) {
  if (place.where == Where::kNowhere || &context.record()->receipt().loop() != &loop) return;
  loop_ = &loop;
  where_ = place.where;
  from_ = context.record();
  const absl::Time now = loop.Now();
  if (where_ != Where::kCaller && from_->IsOpenFor(place.chainlet, place.method)) {
    record_ = from_.get();
  } else {
    opened_ = true;
    CallFigures figures;
    figures.chainlet = place.chainlet;
    figures.method = place.method;
    figures.start = TimeBetween(from_->began(), now);
    record_ = from_->Add(std::move(figures), now);
    from_->CallBegins(now);
  }
  if (record_ == nullptr) return;
  if (where_ == Where::kChannel) record_->GoesTo(place.replica);
  if (where_ == Where::kCallee) {
    record_->Serves(place.replica);
    arrived_ = record_->Arrives(now);
  }
}

// Below a call that is not recorded nothing is.
Context Recording::WithRecord(const Context& context) const {
  if (record_ == nullptr) return context.WithRecord(nullptr);
  return context.WithRecord(std::shared_ptr<CallRecord>(from_, record_));
}

void Recording::WaitBegins(int attempt) {
  waits_since_ = loop_->Now();
  waits_ = true;
  if (record_ != nullptr && where_ == Where::kCaller && attempt > 1) {
    record_->RetryBegins(attempt, waits_since_);
  }
}

void Recording::WaitEnds() {
  const absl::Time now = loop_->Now();
  if (record_ == nullptr) return;
  if (waits_) record_->figures.queue += TimeBetween(waits_since_, now);
  if (queues_) NoteQueue(*record_, waits_since_, now);
  waits_ = queues_ = false;
  if (where_ == Where::kCallee) record_->Runs(now);
}

void Recording::Pause() {
  pauses_ = true;
  ++items_;
  if (opened_) from_->CallEnds(loop_->Now());
  if (record_ != nullptr && where_ == Where::kCallee) record_->Rests(loop_->Now());
}

void Recording::GoOn() {
  pauses_ = false;
  if (opened_) from_->CallBegins(loop_->Now());
  if (record_ != nullptr && where_ == Where::kCallee) record_->Runs(loop_->Now());
}

void Recording::IsRefused(const absl::Status& why) {
  if (record_ == nullptr) return;
  record_->Note(loop_->Now(), "refused", std::string(absl::StatusCodeToString(why.code())));
}

void Recording::Drop() {
  const absl::Time now = loop_->Now();
  if (record_ != nullptr) {
    const std::vector<CallEvent>& events = record_->events();
    if (events.empty() || events.back().name != kCancelled) record_->Note(now, kCancelled);
  }
  End(absl::CancelledError());
}

void Recording::End(const absl::Status& status) {
  const absl::Time now = loop_->Now();
  if (opened_ && !pauses_) from_->CallEnds(now);
  if (record_ != nullptr) {
    CallFigures& figures = record_->figures;
    if (waits_) figures.queue += TimeBetween(waits_since_, now);
    if (queues_) NoteQueue(*record_, waits_since_, now);
    record_->Fails(status);
    figures.items = std::max(figures.items, items_);
    if (where_ == Where::kCallee) {
      record_->Rests(now);
      figures.code = status.code();
    }
    if (arrived_) record_->Leaves(now);
    if (opened_ || where_ == Where::kChannel) record_->Ends(status.code(), now);
  }
  loop_ = nullptr;
}

std::shared_ptr<CallRecord> OpenRecord(const Context& context, const Loop& loop,
                                       std::string_view chainlet, std::string_view method) {
  const std::shared_ptr<CallRecord>& record = context.record();
  if (record == nullptr || &record->receipt().loop() != &loop) return nullptr;
  return record->IsOpenFor(chainlet, method) ? record : nullptr;
}

absl::Time Serializing::Now() const { return record_->receipt().loop().Now(); }
absl::Duration Serializing::Since() const { return TimeBetween(began_, Now()); }

void Serving::Arrive() { arrived_ = record_->Arrives(record_->receipt().loop().Now()); }
void Serving::Leave() {
  if (arrived_) record_->Leaves(record_->receipt().loop().Now());
}

}  // namespace chains::internal
