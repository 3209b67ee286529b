#include "deploy/cli/waterfall.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "chains/core/text.h"
#include "deploy/cli/json_text.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

using google::protobuf::Value;

constexpr size_t kFewestColumns = 60;
constexpr size_t kTimeColumns = 9;
constexpr size_t kMostDepth = 12;  // deeper ones are not indented further
constexpr int kMostNesting = 100;  // of a receipt

int64_t EndOf(const WaterfallSpan& span) { return span.start_us + span.duration_us; }

std::string Padded(std::string text, size_t columns) {
  text = Shortened(text, columns);
  const size_t has = Columns(text);
  if (has < columns) text.append(columns - has, ' ');
  return text;
}

std::string Repeated(std::string_view piece, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += piece;
  return text;
}

size_t DepthOf(const std::vector<WaterfallSpan>& spans, size_t at) {
  size_t depth = 0;
  for (; spans[at].parent < at && depth < kMostDepth; at = spans[at].parent) ++depth;
  return depth;
}

// The time from the first start to the last end, and what a column is of it.
struct Scale {
  int64_t first = 0;
  double us_a_column = 1;
  size_t columns = 1;

  size_t ColumnOf(int64_t us) const {
    const double at = static_cast<double>(us - first) / us_a_column;
    return static_cast<size_t>(std::clamp(at, 0.0, static_cast<double>(columns)));
  }
};

Scale ScaleOf(const std::vector<WaterfallSpan>& spans, size_t columns) {
  int64_t first = spans.front().start_us;
  int64_t last = EndOf(spans.front());
  for (const WaterfallSpan& span : spans) {
    first = std::min(first, span.start_us);
    last = std::max(last, EndOf(span));
  }
  const auto all = static_cast<double>(std::max<int64_t>(last - first, 1));
  return {.first = first, .us_a_column = all / static_cast<double>(columns), .columns = columns};
}

std::string BarOf(const WaterfallSpan& span, bool critical, const Scale& scale) {
  const size_t begin = std::min(scale.ColumnOf(span.start_us), scale.columns - 1);
  const size_t end = std::clamp(scale.ColumnOf(EndOf(span)), begin + 1, scale.columns);
  return std::string(begin, ' ') + Repeated(critical ? "█" : "▒", end - begin) +
         std::string(scale.columns - end, ' ');
}

// What is drawn here, each mark by another one that is as wide.
std::string InAscii(std::string line) {
  return absl::StrReplaceAll(
      line, {{"◆", "*"}, {"█", "#"}, {"▒", "-"}, {"→", ">"}, {"…", "~"}, {"µ", "u"}});
}

std::string NameOf(const std::string& chainlet, const std::string& method) {
  return chainlet.empty() ? method : Text(chainlet, ".", method);
}

void AddReceiptCall(const Value& call, size_t parent, int64_t start, int nesting,
                    std::vector<WaterfallSpan>& spans) {
  WaterfallSpan span;
  span.name = NameOf(TextMember(call, "chainlet"), TextMember(call, "method"));
  span.parent = parent;
  span.start_us = start + static_cast<int64_t>(NumberMember(call, "start_us"));
  span.duration_us = static_cast<int64_t>(NumberMember(call, "elapsed_us"));
  const std::string code = TextMember(call, "code");
  if (code != "OK") span.note = code;
  if (const double attempt = NumberMember(call, "attempt"); attempt > 1) {
    span.note += Text(span.note.empty() ? "" : ", ", "attempt ", attempt);
  }
  const size_t at = spans.size();
  const int64_t begin = span.start_us;
  spans.push_back(std::move(span));
  const Value* const calls = Member(call, "calls");
  if (calls == nullptr || nesting >= kMostNesting) return;
  for (const Value& each : calls->list_value().values()) {
    AddReceiptCall(each, at, begin, nesting + 1, spans);
  }
}

// From the end of a span back: the child that ended last, then who ended before that began.
void MarkWithin(const std::vector<WaterfallSpan>& spans,
                const std::vector<std::vector<size_t>>& children, size_t root,
                std::vector<bool>& critical) {
  std::vector<size_t> open = {root};
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    critical[at] = true;
    std::vector<size_t> by_end = children[at];
    std::stable_sort(by_end.begin(), by_end.end(),
                     [&spans](size_t a, size_t b) { return EndOf(spans[a]) > EndOf(spans[b]); });
    int64_t before = INT64_MAX;
    for (const size_t child : by_end) {
      if (EndOf(spans[child]) > before) continue;
      before = spans[child].start_us;
      open.push_back(child);
    }
  }
}

}  // namespace

std::vector<bool> CriticalPath(const std::vector<WaterfallSpan>& spans) {
  std::vector<bool> critical(spans.size(), false);
  std::vector<std::vector<size_t>> children(spans.size());
  for (size_t i = 0; i < spans.size(); ++i) {
    if (spans[i].parent < i) children[spans[i].parent].push_back(i);
  }
  if (!spans.empty()) MarkWithin(spans, children, 0, critical);
  return critical;
}

std::string Waterfall(const std::vector<WaterfallSpan>& spans, size_t columns, bool unicode) {
  if (spans.empty()) return "";
  columns = std::max(columns, kFewestColumns);
  const std::vector<bool> critical = CriticalPath(spans);
  size_t names = 0;
  size_t notes = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    names = std::max(names, 2 * DepthOf(spans, i) + Columns(Safe(spans[i].name)));
    notes = std::max(notes, Columns(Safe(spans[i].note)));
  }
  names = std::min(names, columns * 2 / 5);
  notes = std::min(notes, columns / 5);
  const size_t bars = columns - names - notes - kTimeColumns - 7;
  const Scale scale = ScaleOf(spans, bars);
  std::string out;
  for (size_t i = 0; i < spans.size(); ++i) {
    const WaterfallSpan& span = spans[i];
    std::string line =
        Text(critical[i] ? "◆ " : "  ",
             Padded(std::string(2 * DepthOf(spans, i), ' ') + Safe(span.name), names), "  ",
             BarOf(span, critical[i], scale), "  ",
             Padded(HumanTime(absl::Microseconds(span.duration_us)), kTimeColumns),
             Shortened(Safe(span.note), notes));
    line.erase(line.find_last_not_of(' ') + 1);
    out += unicode ? line : InAscii(std::move(line));
    out += "\n";
  }
  return out;
}

std::vector<WaterfallSpan> SpansOfTrace(const v1::Trace& trace) {
  std::unordered_map<uint64_t, size_t> places;
  std::vector<WaterfallSpan> spans;
  for (const v1::Span& from : trace.spans()) {
    WaterfallSpan span;
    const bool is_call = from.kind() == v1::Span::CLIENT;
    span.name = Text(is_call ? "→ " : "", NameOf(from.chainlet(), from.method()));
    const auto parent = places.find(from.parent_span_id());
    if (parent != places.end()) span.parent = parent->second;
    span.start_us = from.start_unix_us();
    span.duration_us = static_cast<int64_t>(std::min<uint64_t>(from.duration_us(), INT64_MAX / 4));
    if (from.code() != 0) {
      span.note = absl::StatusCodeToString(static_cast<absl::StatusCode>(from.code()));
    }
    places.emplace(from.span_id(), spans.size());
    spans.push_back(std::move(span));
  }
  return spans;
}

absl::StatusOr<std::vector<WaterfallSpan>> SpansOfReceipt(std::string_view receipt) {
  const absl::StatusOr<Value> whole = ParseJson(receipt);
  const Value* const call = whole.ok() ? Member(*whole, "call") : nullptr;
  if (call == nullptr) return absl::InvalidArgumentError("the receipt cannot be read");
  std::vector<WaterfallSpan> spans;
  AddReceiptCall(*call, WaterfallSpan::kNoParent, 0, 0, spans);
  return spans;
}

}  // namespace chains::deploy::cli
