#include "chains/contract/receipt_message.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace chains {
namespace {

using internal::CalleeSide;
using internal::CallFigures;
using internal::CallRecord;
using internal::Receipt;

constexpr size_t kMaxBytes = 8192;  // of what a callee said: what gRPC takes for all metadata
constexpr uint64_t kMaxMicroseconds = uint64_t{30} * 24 * 3600 * 1'000'000;
constexpr uint64_t kMaxCount = 1'000'000'000;
constexpr uint32_t kMaxCode = 16;  // UNAUTHENTICATED

// Whole characters: half of one would be no text for protobuf.
std::string Shortened(const std::string& text) {
  if (text.size() <= kMaxReceiptName) return text;
  size_t size = kMaxReceiptName;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

uint64_t Microseconds(absl::Duration duration) {
  return static_cast<uint64_t>(std::max(int64_t{0}, absl::ToInt64Microseconds(duration)));
}
absl::Duration FromMicroseconds(uint64_t count) {
  return absl::Microseconds(static_cast<int64_t>(std::min(count, kMaxMicroseconds)));
}
// Of counts, as large as they are shown.
uint32_t Sum(uint64_t a, uint64_t b) {
  return static_cast<uint32_t>(std::min(a, kMaxCount) + std::min(b, kMaxCount));
}

v1::CalleeSide MessageOf(CalleeSide side) {
  switch (side) {
    case CalleeSide::kKnown:
      return v1::CALLEE_KNOWN;
    case CalleeSide::kSilent:
      return v1::CALLEE_SILENT;
    case CalleeSide::kUnreadable:
      return v1::CALLEE_UNREADABLE;
  }
  return v1::CALLEE_SILENT;
}

CalleeSide SideOf(v1::CalleeSide side) {
  if (side == v1::CALLEE_KNOWN) return CalleeSide::kKnown;
  return side == v1::CALLEE_UNREADABLE ? CalleeSide::kUnreadable : CalleeSide::kSilent;
}

void Fill(v1::ReceiptCall& message, const CallFigures& figures) {
  message.set_chainlet(Shortened(figures.chainlet));
  message.set_method(Shortened(figures.method));
  message.set_replica(Shortened(figures.replica));
  message.set_attempt(static_cast<uint32_t>(figures.attempt));
  message.set_code(static_cast<uint32_t>(figures.code));
  message.set_start_us(Microseconds(figures.start));
  message.set_elapsed_us(Microseconds(figures.elapsed));
  message.set_retries_us(Microseconds(figures.retries));
  message.set_total_us(Microseconds(figures.total));
  message.set_queue_us(Microseconds(figures.queue));
  message.set_user_us(Microseconds(figures.user));
  message.set_serialize_us(Microseconds(figures.serialize));
  message.set_network_us(Microseconds(figures.network));
  message.set_items(static_cast<uint64_t>(figures.items));
  message.set_callee(MessageOf(figures.callee));
  message.set_calls_left_out(Sum(figures.calls_left_out, 0));
}

size_t CallsIn(const CallRecord& call) {
  size_t count = 1;
  for (const CallRecord* each : call.calls()) count += CallsIn(*each);
  return count;
}

// Answers how many it left out because they are too deep.
size_t Add(const CallRecord& call, size_t depth, v1::ReceiptCall& message) {
  Fill(message, call.figures);
  if (depth == kMaxReceiptDepth) {
    message.set_calls_left_out(Sum(call.figures.calls_left_out, call.calls().size()));
    return CallsIn(call) - 1;
  }
  size_t left_out = 0;
  for (const CallRecord* each : call.calls()) {
    left_out += Add(*each, depth + 1, *message.add_calls());
  }
  return left_out;
}

// A call of a message, by how much it matters. No call matters more than the one that made it.
struct Ranked {
  uint64_t longest;  // of it and its calls
  size_t depth;
  size_t number;  // in the order of the message
};
bool MattersMore(const Ranked& a, const Ranked& b) {
  if (a.longest != b.longest) return a.longest > b.longest;
  if (a.depth != b.depth) return a.depth < b.depth;
  return a.number < b.number;
}

uint64_t Rank(const v1::ReceiptCall& call, size_t depth, std::vector<Ranked>& ranked) {
  const size_t number = ranked.size();
  ranked.push_back({.longest = call.elapsed_us(), .depth = depth, .number = number});
  uint64_t longest = call.elapsed_us();
  for (const v1::ReceiptCall& each : call.calls()) {
    longest = std::max(longest, Rank(each, depth + 1, ranked));
  }
  return ranked[number].longest = longest;
}

// Takes out what is not kept below `call`. `number` is that of the next call, kept or not.
void Prune(v1::ReceiptCall& call, const std::vector<bool>& keeps, size_t& number) {
  auto& calls = *call.mutable_calls();
  int kept = 0;
  for (int i = 0; i < calls.size(); ++i) {
    const bool keep = keeps[number++];
    Prune(calls[i], keeps, number);
    if (keep) calls.SwapElements(kept++, i);
  }
  const int left_out = calls.size() - kept;
  call.set_calls_left_out(Sum(call.calls_left_out(), static_cast<uint64_t>(left_out)));
  calls.DeleteSubrange(kept, left_out);
}

v1::Receipt Keeping(const v1::Receipt& whole, const std::vector<Ranked>& ranked, size_t count) {
  std::vector<bool> keeps(ranked.size());
  for (size_t i = 0; i < count; ++i) keeps[ranked[i].number] = true;
  v1::Receipt kept = whole;
  size_t next = 1;
  Prune(*kept.mutable_call(), keeps, next);
  kept.set_calls_left_out(Sum(whole.calls_left_out(), ranked.size() - count));
  return kept;
}

// ---- What another process said.

CallFigures FiguresOf(const v1::ReceiptCall& message) {
  CallFigures figures;
  figures.chainlet = Shortened(message.chainlet());
  figures.method = Shortened(message.method());
  figures.replica = Shortened(message.replica());
  figures.attempt = static_cast<int>(std::clamp<uint64_t>(message.attempt(), 1, kMaxCount));
  figures.code = static_cast<absl::StatusCode>(std::min<uint32_t>(message.code(), kMaxCode));
  if (message.code() > kMaxCode) figures.code = absl::StatusCode::kUnknown;
  figures.start = FromMicroseconds(message.start_us());
  figures.elapsed = FromMicroseconds(message.elapsed_us());
  figures.retries = FromMicroseconds(message.retries_us());
  figures.total = FromMicroseconds(message.total_us());
  figures.queue = FromMicroseconds(message.queue_us());
  figures.user = FromMicroseconds(message.user_us());
  figures.serialize = FromMicroseconds(message.serialize_us());
  figures.network = FromMicroseconds(message.network_us());
  figures.items = static_cast<int64_t>(std::min(message.items(), kMaxCount));
  figures.callee = SideOf(message.callee());
  figures.calls_left_out = std::min<uint64_t>(message.calls_left_out(), kMaxCount);
  return figures;
}

// `later`: what is added to the starts.
void AddCalls(CallRecord& to, const v1::ReceiptCall& from, absl::Duration later) {
  for (const v1::ReceiptCall& each : from.calls()) {
    CallFigures figures = FiguresOf(each);
    figures.start += later;
    CallRecord* const added = to.AddTold(std::move(figures));
    if (added != nullptr) AddCalls(*added, each, absl::ZeroDuration());
  }
}

bool Read(std::string_view bytes, v1::Receipt& receipt) {
  return bytes.size() <= kMaxBytes &&
         receipt.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && receipt.has_call();
}

}  // namespace

v1::Receipt MessageOf(const CallRecord& call) {
  v1::Receipt receipt;
  const size_t too_deep = Add(call, 1, *receipt.mutable_call());
  receipt.set_calls_left_out(Sum(call.receipt().calls_left_out(), too_deep));
  return receipt;
}

v1::Receipt CutReceipt(const v1::Receipt& whole, absl::FunctionRef<bool(const v1::Receipt&)> fits) {
  if (fits(whole)) return whole;
  std::vector<Ranked> ranked;
  Rank(whole.call(), 1, ranked);
  std::sort(ranked.begin(), ranked.end(), MattersMore);
  size_t enough = 0;                // so many fit
  size_t too_many = ranked.size();  // so many do not
  while (enough + 1 < too_many) {
    const size_t count = (enough + too_many) / 2;
    (fits(Keeping(whole, ranked, count)) ? enough : too_many) = count;
  }
  return enough == 0 ? v1::Receipt() : Keeping(whole, ranked, enough);
}

std::string EncodeReceipt(const CallRecord& call, size_t max_bytes) {
  return CutReceipt(MessageOf(call),
                    [max_bytes](const v1::Receipt& receipt) {
                      return receipt.ByteSizeLong() <= max_bytes;
                    })
      .SerializeAsString();
}

std::string EncodeOwnFigures(const CallRecord& call) {
  v1::Receipt receipt;
  Fill(*receipt.mutable_call(), call.figures);
  receipt.mutable_call()->clear_calls_left_out();  // nobody asked for them
  return receipt.SerializeAsString();
}

void AddAnswer(CallRecord& call, std::string_view bytes, absl::Time sent, absl::Time answered) {
  CallFigures& figures = call.figures;
  v1::Receipt receipt;
  if (!Read(bytes, receipt)) {
    figures.callee = CalleeSide::kUnreadable;
    return;
  }
  const CallFigures there = FiguresOf(receipt.call());
  figures.callee = CalleeSide::kKnown;
  figures.replica = there.replica;
  figures.total = there.total;
  figures.queue += there.queue;
  figures.user = there.user;
  figures.serialize += there.serialize;
  figures.items = there.items;
  figures.network = std::max(absl::ZeroDuration(), answered - sent - there.total);
  figures.calls_left_out += there.calls_left_out;
  call.receipt().LeaveOut(std::min<uint64_t>(receipt.calls_left_out(), kMaxCount));
  const absl::Duration before = std::max(absl::ZeroDuration(), sent - call.began());
  AddCalls(call, receipt.call(), before + figures.network / 2);
}

}  // namespace chains
