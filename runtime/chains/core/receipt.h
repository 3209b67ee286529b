// Receipt: what a request cost, call by call: whom it called, and where the time of each call went.
//
// It is written while the request runs, and only when its caller asks for it, or the request is
// traced: the request's Context then carries the CallRecord of the call that it works for, to which
// recording.h adds. All on the request's loop. A Context that outlives its request keeps the
// receipt alive, which nobody reads any more then.
//
//   auto receipt = Receipt::Begin(loop, {.receipt = false, .traced = true, .trace = id,
//                                        .span = own});
//   … under receipt->Under(context) …
//   spans.AddCallsOf(*receipt);   // contract/spans.h
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
#include "chains/core/trace.h"

namespace chains {

class Loop;

namespace internal {

class Receipt;

// What a request is written down for.
struct Purpose {
  bool receipt = true;  // its caller asks for one: so are those asked that it calls
  bool traced = false;  // spans are made of its calls, in the trace `trace`
  TraceId trace = {};
  uint64_t span = 0;  // that its first calls are below; 0: none
  // Its messages are kept as well (which only a traced one's are), for the recording of this id;
  // empty: they are not.
  std::string recording = {};
};

// What happened to a call, for its span.
struct CallEvent {
  absl::Time at;
  std::string_view
      name;  // a constant: "queued", "attempt", "hedge", "batch", "cancelled", "refused"
  std::string detail;
};

// Messages of a call, where they are kept: bytes of the contract without what is private. Those of
// a stream are each behind their length, a varint.
struct KeptMessages {
  std::string request;
  std::string reply;
  bool has_request = false;
  bool has_reply = false;
  bool cut = false;  // there was more than may be kept
};

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
  std::string message = {};  // of a failure that began with this call, as far as is known
};

// One call, while it runs and afterwards. It belongs to its Receipt.
class CallRecord {
 public:
  static constexpr size_t kMaxEvents = 32;            // more are not noted
  static constexpr size_t kMaxFailureBytes = 512;     // of a failure's message
  static constexpr size_t kMaxKeptMessage = 1 << 20;  // a larger one is cut away

  // `span` is its own, `parent` that of the call that makes it; 0: none.
  CallRecord(Receipt& receipt, CallFigures figures, absl::Time began, uint64_t span = 0,
             uint64_t parent = 0)
      : figures(std::move(figures)),
        receipt_(receipt),
        began_(began),
        since_(began),
        span_(span),
        parent_span_(parent) {}
  CallRecord(const CallRecord&) = delete;

  CallFigures figures;
  const std::vector<CallRecord*>& calls() const { return calls_; }
  Receipt& receipt() const { return receipt_; }
  absl::Time began() const { return began_; }
  inline bool traced() const;

  // A call that this one makes; null when the receipt is full: then it is counted only.
  CallRecord* Add(CallFigures call, absl::Time began);
  // The same of one that another process told of: no span is made of it here.
  CallRecord* AddTold(CallFigures call);
  // A further attempt beside this one, at the same time. It is in the trace, a receipt has no place
  // for it. Null when the receipt is full, and where nothing is traced.
  CallRecord* AddBeside(absl::Time began);
  // Whether it waits for a callee of that name to say that it is the one.
  bool IsOpenFor(std::string_view chainlet, std::string_view method) const {
    return !served_ && figures.chainlet == chainlet && figures.method == method;
  }

  // ---- At the caller's end.
  // What earlier attempts did is forgotten, but for the time they took.
  void RetryBegins(int attempt, absl::Time now);
  void Ends(absl::StatusCode code, absl::Time now);
  // It goes to another process, at this address.
  void GoesTo(std::string_view address);

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

  // ---- For its span; without one these do nothing.
  void Note(absl::Time at, std::string_view event, std::string detail = {});
  // It failed so: what is known already of where that began stays.
  void Fails(const absl::Status& failure);
  uint64_t span() const { return span_; }
  uint64_t parent_span() const { return parent_span_; }
  bool told() const { return told_; }
  // Served in another process, or nowhere.
  bool served_here() const { return served_here_; }
  bool ended() const { return ended_; }
  const std::vector<CallEvent>& events() const { return events_; }

  // ---- Messages, where they are kept.
  inline bool keeps_messages() const;
  enum class Side { kRequest, kReply };
  // Whether a message of so many bytes has room, which is then taken; else it is noted that there
  // was more.
  bool HasRoomFor(size_t bytes);
  // The one message of that side, unless there is one already: both ends may be here.
  void Keep(Side side, std::string message);
  // One more of a stream.
  void KeepItem(Side side, std::string_view message);
  // True for the first of those that would keep the messages of one stream.
  bool KeepsStreams() { return keeps_messages() && !std::exchange(streams_kept_, true); }
  bool Has(Side side) const;
  const KeptMessages* messages() const { return messages_.get(); }  // null: none

 private:
  void Account(absl::Time now);
  KeptMessages& mutable_messages();

  Receipt& receipt_;
  const absl::Time began_;
  absl::Time arrived_ = absl::InfinitePast();
  absl::Time since_;  // what Account() counted up to
  int calls_running_ = 0;
  bool runs_ = false;
  bool served_ = false;
  std::vector<CallRecord*> calls_;
  const uint64_t span_;
  const uint64_t parent_span_;
  bool told_ = false;
  bool served_here_ = false;
  bool ended_ = false;
  bool streams_kept_ = false;
  std::vector<CallEvent> events_;
  std::unique_ptr<KeptMessages> messages_;
};

class Receipt : public std::enable_shared_from_this<Receipt> {
 public:
  static constexpr size_t kMaxCalls = 512;             // that are recorded; more are counted
  static constexpr size_t kMaxKeptMessages = 4 << 20;  // all bytes together

  // Of a request on `loop`, which outlives the request.
  static std::shared_ptr<Receipt> Begin(const Loop& loop, Purpose purpose = {});
  explicit Receipt(const Loop& loop, Purpose purpose = {});
  Receipt(const Receipt&) = delete;
  ~Receipt();

  // The same with this receipt: what is called under it is called by `record`, which is of this
  // receipt.
  Context Under(const Context& context, CallRecord& record);
  // … by nobody that is shown: its calls are the first ones of the receipt.
  Context Under(const Context& context) { return Under(context, root_); }

  const Purpose& purpose() const { return purpose_; }
  const CallRecord& root() const { return root_; }
  const Loop& loop() const { return loop_; }
  size_t calls_left_out() const { return calls_left_out_; }

  // Every call, in the order in which they began; also those that are no part of a receipt.
  const std::deque<CallRecord>& records() const { return records_; }

  // For records. Null when there are enough.
  CallRecord* Make(CallFigures figures, absl::Time began, uint64_t parent);
  void LeaveOut(size_t calls) { calls_left_out_ += calls; }
  // Calls of this process that were not recorded because there were too many.
  size_t calls_too_many() const { return calls_too_many_; }
  // Of kMaxKeptMessages. False: there are not so many left, and none are taken.
  bool TakeRoom(size_t bytes);

 private:
  const Loop& loop_;
  const Purpose purpose_;
  CallRecord root_;
  std::deque<CallRecord> records_;
  size_t calls_left_out_ = 0;
  size_t calls_too_many_ = 0;
  size_t room_ = kMaxKeptMessages;
};

bool CallRecord::traced() const { return receipt_.purpose().traced; }
bool CallRecord::keeps_messages() const { return !receipt_.purpose().recording.empty(); }

// How many there are in this process. While there is none nobody looks at a clock for one.
inline std::atomic<int> live_receipts{0};
inline bool AnyReceipt() { return live_receipts.load(std::memory_order_relaxed) != 0; }
// Of those, how many keep messages.
inline std::atomic<int> live_recordings{0};
inline bool AnyRecording() { return live_recordings.load(std::memory_order_relaxed) != 0; }

// What marks a failure that came from further down: the type of the path that it has
// (contract/status_path.h).
inline constexpr char kPathType[] = "type.googleapis.com/chains.v1.ErrorPath";

}  // namespace internal
}  // namespace chains
