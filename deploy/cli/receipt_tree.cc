#include "deploy/cli/receipt_tree.h"

#include <utility>

#include "absl/time/time.h"
#include "chains/core/text.h"
#include "deploy/cli/json_text.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

using google::protobuf::Value;

std::string HopOf(const Value& call) {
  return Text(TextMember(call, "chainlet"), ".", TextMember(call, "method"));
}

std::string Micros(double us) { return HumanTime(absl::Microseconds(us)); }

std::string Times(const Value& call) {
  std::string times = Micros(NumberMember(call, "elapsed_us"));
  for (const auto& [field, name] : {std::pair{"network_us", "network"},
                                    {"queue_us", "queue"},
                                    {"user_us", "user"},
                                    {"serialize_us", "serialize"},
                                    {"retries_us", "retries"}}) {
    const double us = NumberMember(call, field);
    if (us > 0) times += Text(", ", name, " ", Micros(us));
  }
  if (const std::string code = TextMember(call, "code"); code != "OK") times += Text(", ", code);
  if (const double attempt = NumberMember(call, "attempt"); attempt > 1) {
    times += Text(", attempt ", attempt);
  }
  if (const double items = NumberMember(call, "items"); items > 0)
    times += Text(", ", items, " items");
  if (const std::string callee = TextMember(call, "callee"); !callee.empty()) {
    times += Text(", callee ", callee);
  }
  return times;
}

void Append(const Value& call, const std::string& first, const std::string& further,
            std::string& out) {
  const std::string replica = TextMember(call, "replica");
  out += Text(first, Safe(HopOf(call)), replica.empty() ? "" : Text(" (", Safe(replica), ")"), "  ",
              Safe(Times(call)), "\n");
  const Value* const calls = Member(call, "calls");
  if (calls != nullptr) {
    const auto& list = calls->list_value().values();
    for (int i = 0; i < list.size(); ++i) {
      const bool last = i + 1 == list.size();
      Append(list[i], further + (last ? "└─ " : "├─ "), further + (last ? "   " : "│  "), out);
    }
  }
  if (const double left_out = NumberMember(call, "calls_left_out"); left_out > 0) {
    out += Text(further, "… and ", left_out, " more\n");
  }
}

}  // namespace

std::string ReceiptTree(std::string_view receipt) {
  const absl::StatusOr<Value> whole = ParseJson(receipt);
  const Value* const call = whole.ok() ? Member(*whole, "call") : nullptr;
  if (call == nullptr) return "the receipt cannot be read\n";
  std::string out;
  Append(*call, "", "", out);
  return out;
}

// Walks one receipt.
class SumOfReceipt {
 public:
  explicit SumOfReceipt(ReceiptSums& to) : to_(to) {}
  void Add(const Value& call) {
    const std::string hop = HopOf(call);
    const auto [found, is_new] = to_.by_hop_.try_emplace(hop);
    if (is_new) to_.order_.push_back(hop);
    ReceiptSums::Sum& sum = found->second;
    ++sum.calls;
    sum.elapsed += NumberMember(call, "elapsed_us");
    sum.queue += NumberMember(call, "queue_us");
    sum.user += NumberMember(call, "user_us");
    sum.serialize += NumberMember(call, "serialize_us");
    sum.network += NumberMember(call, "network_us");
    const Value* const calls = Member(call, "calls");
    if (calls == nullptr) return;
    for (const Value& each : calls->list_value().values()) Add(each);
  }

 private:
  ReceiptSums& to_;
};

bool ReceiptSums::Add(std::string_view receipt) {
  const absl::StatusOr<Value> whole = ParseJson(receipt);
  const Value* const call = whole.ok() ? Member(*whole, "call") : nullptr;
  if (call == nullptr) return false;
  ++receipts_;
  SumOfReceipt(*this).Add(*call);
  return true;
}

Table ReceiptSums::ToTable() const {
  Table table({"HOP", "CALLS", "ELAPSED", "QUEUE", "USER", "SERIALIZE", "NETWORK"});
  const auto receipts = static_cast<double>(receipts_);
  for (const std::string& hop : order_) {
    const Sum& sum = by_hop_.at(hop);
    table.Add({{hop},
               {HumanNumber(static_cast<double>(sum.calls) / receipts)},
               {Micros(sum.elapsed / receipts)},
               {Micros(sum.queue / receipts)},
               {Micros(sum.user / receipts)},
               {Micros(sum.serialize / receipts)},
               {Micros(sum.network / receipts)}});
  }
  return table;
}

}  // namespace chains::deploy::cli
