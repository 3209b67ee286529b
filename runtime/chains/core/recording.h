// Recording: what writes down a request, for its receipt and its spans, at each place that a call
// comes through. Where nothing is written it is one comparison. Implementation detail of contract/
// and grpc/.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/context.h"
#include "chains/core/receipt.h"

namespace chains {

class Loop;

namespace internal {

// Where a call is, and whose.
struct CallPlace {
  enum class Where {
    kNowhere,  // not at an end of an edge: nothing is recorded
    kCaller,   // where it is made
    kChannel,  // on its way to another process
    kCallee,   // where it is served
  };
  Where where = Where::kNowhere;
  std::string_view chainlet = {};
  std::string_view method = {};
  std::string_view replica = {};  // kCallee: the name of this process; kChannel: the address
};

// A call's stay at one place, from its constructor to Ended(); one that is dropped ends CANCELLED.
// At the callee, and at a channel, it is part of the record that the caller opened, where there is
// one.
class Recording {
 public:
  // Of a call that is made under `context`. `PlaceOf` answers a CallPlace; it is asked only when
  // there is something to record.
  template <typename PlaceOf>
  Recording(const Context& context, const Loop& loop, PlaceOf place_of) {
    if (context.record() != nullptr) [[unlikely]]
      Begin(context, loop, place_of());
  }
  Recording(const Recording&) = delete;
  ~Recording() {
    if (on()) Drop();
  }

  // The Context of what the call does beyond this place.
  Context Under(Context context) const { return on() ? WithRecord(context) : std::move(context); }
  absl::StatusOr<Context> Under(absl::StatusOr<Context> context) const {
    if (on() && context.ok()) return WithRecord(*context);
    return context;
  }

  // It begins to wait for a place at a gate: the first time, or again for a further attempt.
  void Waits(int attempt) {
    if (on()) WaitBegins(attempt);
  }
  // There is no place for it at once.
  void Queues() {
    if (on()) queues_ = true;
  }
  // It is not let in.
  void Refused(const absl::Status& why) {
    if (on()) IsRefused(why);
  }
  // It has its place.
  void Runs() {
    if (on()) WaitEnds();
  }
  // A stream has an item, and nobody waits for the next one until it goes on.
  void Pauses() {
    if (on()) Pause();
  }
  void GoesOn() {
    if (on()) GoOn();
  }
  void Ended(const absl::Status& status) {
    if (on()) End(status);
  }

  bool on() const { return loop_ != nullptr; }
  // Null where nothing is recorded, or the receipt is full. It lives as long as this.
  CallRecord* record() const { return record_; }
  // The same for who may outlive this.
  std::shared_ptr<CallRecord> shared_record() const {
    return record_ == nullptr ? nullptr : std::shared_ptr<CallRecord>(from_, record_);
  }

 private:
  void Begin(const Context& context, const Loop& loop, const CallPlace& place);
  Context WithRecord(const Context& context) const;
  void WaitBegins(int attempt);
  void WaitEnds();
  void Pause();
  void GoOn();
  void IsRefused(const absl::Status& why);
  void End(const absl::Status& status);
  void Drop();

  const Loop* loop_ = nullptr;  // while it records
  CallPlace::Where where_ = CallPlace::Where::kNowhere;
  std::shared_ptr<CallRecord> from_;  // what the Context had: the caller's, or the call's own
  CallRecord* record_ = nullptr;
  bool opened_ = false;   // the call has begun here, and `from_` is its caller's
  bool arrived_ = false;  // it leaves the callee here
  bool waits_ = false;
  bool queues_ = false;
  bool pauses_ = false;
  absl::Time waits_since_;
  int64_t items_ = 0;
};

// The record of a call under way to `chainlet` and `method`; null where there is none.
std::shared_ptr<CallRecord> OpenRecord(const Context& context, const Loop& loop,
                                       std::string_view chainlet, std::string_view method);

// Between its constructor and its end messages become bytes, or the other way. `record` may be
// null, and outlives it.
class Serializing {
 public:
  explicit Serializing(CallRecord* record) : record_(record) {
    if (record_ != nullptr) [[unlikely]]
      began_ = Now();
  }
  Serializing(const Serializing&) = delete;
  ~Serializing() {
    if (record_ != nullptr) [[unlikely]]
      record_->figures.serialize += Since();
  }

 private:
  absl::Time Now() const;
  absl::Duration Since() const;
  CallRecord* const record_;
  absl::Time began_;
};

// A call that arrives as bytes: from when its request is there until its reply is serialized.
class Serving {
 public:
  Serving(const Context& context, const Loop& loop, std::string_view chainlet,
          std::string_view method) {
    if (context.record() != nullptr) [[unlikely]] {
      record_ = OpenRecord(context, loop, chainlet, method);
      if (record_ != nullptr) Arrive();
    }
  }
  Serving(const Serving&) = delete;
  ~Serving() {
    if (record_ != nullptr) [[unlikely]]
      Leave();
  }
  CallRecord* record() const { return record_.get(); }

 private:
  void Arrive();
  void Leave();
  std::shared_ptr<CallRecord> record_;
  bool arrived_ = false;
};

}  // namespace internal
}  // namespace chains
