// Receipt: what a request cost, call by call: whom it called, and where the time of each call went.
//
// It is written while the request runs, and only when its caller asks for it: the request's Context
// then carries the CallRecord of the call that it works for, to which recording.h adds. All on the
// request's loop. A Context that outlives its request keeps the receipt alive, which nobody reads
// any more then.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/context.h"

namespace chains {

class Loop;

namespace internal {

class Receipt;

// What is known of the callee's side of a call.
enum class CalleeSide { kKnown, kSilent, kUnreadable };

// The terms are those of proto/chains/v1/receipt.proto.
struct CallFigures {
  std::string chainlet;
  std::string method;
  std::string replica;
  int attempt = 1;
  absl::StatusCode code = absl::StatusCode::kCancelled;  // until it has ended
  CalleeSide callee = CalleeSide::kSilent;
  absl::Duration start;
  absl::Duration elapsed;
  absl::Duration retries;
  absl::Duration total;
  absl::Duration queue;
  absl::Duration user;
  absl::Duration serialize;
  absl::Duration network;
  int64_t items = 0;
  size_t calls_left_out = 0;
};

// One call, while it runs and afterwards. It belongs to its Receipt.
class CallRecord {
 public:
  CallRecord(Receipt& receipt, CallFigures figures, absl::Time began)
      : figures(std::move(figures)), receipt_(receipt), began_(began), since_(began) {}
  CallRecord(const CallRecord&) = delete;

  CallFigures figures;
  const std::vector<CallRecord*>& calls() const { return calls_; }
  Receipt& receipt() const { return receipt_; }
  absl::Time began() const { return began_; }

  // A call that this one makes; null when the receipt is full: then it is counted only.
  CallRecord* Add(CallFigures call, absl::Time began);
  // Whether it waits for a callee of that name to say that it is the one.
  bool IsOpenFor(std::string_view chainlet, std::string_view method) const {
    return !served_ && figures.chainlet == chainlet && figures.method == method;
  }

  // ---- At the caller's end.
  // What earlier attempts did is forgotten, but for the time they took.
  void RetryBegins(int attempt, absl::Time now);
  void Ends(absl::StatusCode code, absl::Time now);

  // ---- At the callee's end.
  // False when it has arrived already. Who gets true says when it leaves.
  bool Arrives(absl::Time now);
  void Leaves(absl::Time now);
  // From now on calls are made by it, no more for it.
  void Serves(std::string_view replica);
  // The chainlet's own code may run, or may not: the time in between, without that of its calls, is
  // the user's.
  void Runs(absl::Time now);
  void Rests(absl::Time now);
  // A call of its own is waited for, and is not any more.
  void CallBegins(absl::Time now);
  void CallEnds(absl::Time now);

 private:
  void Account(absl::Time now);

  Receipt& receipt_;
  const absl::Time began_;
  absl::Time arrived_ = absl::InfinitePast();
  absl::Time since_;  // what Account() counted up to
  int calls_running_ = 0;
  bool runs_ = false;
  bool served_ = false;
  std::vector<CallRecord*> calls_;
};

class Receipt : public std::enable_shared_from_this<Receipt> {
 public:
  static constexpr size_t kMaxCalls = 512;  // that are recorded; more are counted

  // Of a request on `loop`, which outlives the request.
  static std::shared_ptr<Receipt> Begin(const Loop& loop);
  explicit Receipt(const Loop& loop);
  Receipt(const Receipt&) = delete;
  ~Receipt();

  // The same with this receipt: what is called under it is called by `record`, which is of this
  // receipt.
  Context Under(const Context& context, CallRecord& record);
  // … by nobody that is shown: its calls are the first ones of the receipt.
  Context Under(const Context& context) { return Under(context, root_); }

  const CallRecord& root() const { return root_; }
  const Loop& loop() const { return loop_; }
  size_t calls_left_out() const { return calls_left_out_; }

  // For records. Null when there are enough.
  CallRecord* Make(CallFigures figures, absl::Time began);
  void LeaveOut(size_t calls) { calls_left_out_ += calls; }

 private:
  const Loop& loop_;
  CallRecord root_;
  std::deque<CallRecord> records_;
  size_t calls_left_out_ = 0;
};

// How many there are in this process. While there is none nobody looks at a clock for one.
inline std::atomic<int> live_receipts{0};
inline bool AnyReceipt() { return live_receipts.load(std::memory_order_relaxed) != 0; }

}  // namespace internal
}  // namespace chains
