#include "chains/main/waterfall.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/text.h"

namespace chains::internal {
namespace {

constexpr size_t kLeastBar = 10;
constexpr size_t kForTimes = 12;  // " 123.45 ms "
constexpr size_t kMaxDepth = 64;  // deeper calls are not shown
constexpr const char* kBlock = "█";

struct Row {
  const v1::Span* span;
  std::string tree;  // what connects it with its caller's line
  size_t tree_width = 0;
};

std::string NameOf(const v1::Span& span) {
  return span.chainlet().empty() ? span.method() : Text(span.chainlet(), ".", span.method());
}

// Terminals act on control characters, which a failure may have in its message.
std::string Plain(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string Time(uint64_t us) {
  const auto time = absl::Microseconds(static_cast<int64_t>(us));
  const absl::Duration unit = time < absl::Milliseconds(10) ? absl::Microseconds(1)
                              : time < absl::Seconds(10)    ? absl::Microseconds(100)
                                                            : absl::Milliseconds(10);
  return absl::FormatDuration(absl::Trunc(time, unit));
}

std::string Details(const v1::Span& span) {
  std::string text;
  for (const auto& [name, us] : {std::pair{"queue", span.queue_us()},
                                 {"user", span.user_us()},
                                 {"serialize", span.serialize_us()}}) {
    if (us > 0) text += Text("  ", name, " ", Time(us));
  }
  if (span.items() > 0) text += Text("  ", span.items(), " items");
  if (span.attempt() > 1) text += Text("  attempt ", span.attempt());
  if (span.code() != 0) {
    text += Text("  ", absl::StatusCodeToString(static_cast<absl::StatusCode>(span.code())));
    if (!span.message().empty()) text += Text(": ", span.message());
  }
  return Plain(std::move(text));
}

// Rows in the order in which they are shown.
class Rows {
 public:
  explicit Rows(const std::vector<v1::Span>& spans) {
    std::set<uint64_t> ids;
    for (const v1::Span& span : spans) ids.insert(span.span_id());
    for (const v1::Span& span : spans) {
      const bool is_called =
          ids.contains(span.parent_span_id()) && span.parent_span_id() != span.span_id();
      below_[is_called ? span.parent_span_id() : 0].push_back(&span);
    }
    for (auto& [caller, calls] : below_) {
      std::stable_sort(calls.begin(), calls.end(), [](const v1::Span* a, const v1::Span* b) {
        return a->start_unix_us() < b->start_unix_us();
      });
    }
    for (const v1::Span* first : Below(0)) Append(*first, "", "", 0);
  }
  const std::vector<Row>& rows() const { return rows_; }

 private:
  const std::vector<const v1::Span*>& Below(uint64_t id) const {
    static const std::vector<const v1::Span*> none;
    const auto found = below_.find(id);
    return found == below_.end() ? none : found->second;
  }
  // What the callee says of a call is said of it more exactly than what its caller does.
  const v1::Span& Served(const v1::Span& call) const {
    const auto& calls = Below(call.span_id());
    const bool is_other_end = call.kind() == v1::Span::CLIENT && calls.size() == 1 &&
                              calls.front()->kind() == v1::Span::SERVER &&
                              calls.front()->method() == call.method() &&
                              calls.front()->chainlet() == call.chainlet();
    return is_other_end ? *calls.front() : call;
  }
  void Append(const v1::Span& call, const std::string& first, const std::string& further,
              size_t depth) {
    if (depth == kMaxDepth) return;
    const v1::Span& span = Served(call);
    rows_.push_back({.span = &span, .tree = first, .tree_width = 3 * depth});
    const auto& calls = Below(span.span_id());
    for (size_t i = 0; i < calls.size(); ++i) {
      const bool last = i + 1 == calls.size();
      Append(*calls[i], further + (last ? "└─ " : "├─ "), further + (last ? "   " : "│  "),
             depth + 1);
    }
  }

  std::map<uint64_t, std::vector<const v1::Span*>> below_;
  std::vector<Row> rows_;
};

// Where a span is on the time line of all.
class Scale {
 public:
  Scale(const std::vector<Row>& rows, size_t width) : width_(width) {
    begin_ = rows.front().span->start_unix_us();
    int64_t end = begin_;
    for (const Row& row : rows) {
      begin_ = std::min(begin_, row.span->start_unix_us());
      end = std::max(end, EndOf(*row.span));
    }
    length_ = std::max<double>(1, static_cast<double>(end) - static_cast<double>(begin_));
  }
  std::string BarOf(const v1::Span& span) const {
    const size_t from = std::min(width_ - 1, ColumnOf(span.start_unix_us()));
    const size_t to = std::clamp(ColumnOf(EndOf(span)), from + 1, width_);
    std::string bar(from, ' ');
    for (size_t i = from; i < to; ++i) bar += kBlock;
    return bar.append(width_ - to, ' ');
  }

 private:
  static int64_t EndOf(const v1::Span& span) {
    constexpr uint64_t kMost = uint64_t{1} << 50;  // of what a time may be to be added
    return std::clamp(span.start_unix_us(), int64_t{0}, static_cast<int64_t>(kMost)) +
           static_cast<int64_t>(std::min(span.duration_us(), kMost));
  }
  size_t ColumnOf(int64_t at) const {
    const double share = (static_cast<double>(at) - static_cast<double>(begin_)) / length_;
    return static_cast<size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width_));
  }

  const size_t width_;
  int64_t begin_;
  double length_;
};

}  // namespace

std::string Waterfall(const std::vector<v1::Span>& spans, size_t columns) {
  const Rows all(spans);
  if (all.rows().empty()) return {};
  size_t names = 0;
  for (const Row& row : all.rows()) {
    names = std::max(names, row.tree_width + NameOf(*row.span).size());
  }
  const size_t taken = names + 2 + kForTimes;
  const Scale scale(all.rows(), columns > taken + kLeastBar ? columns - taken : kLeastBar);
  std::string text;
  for (const Row& row : all.rows()) {
    const std::string name = Plain(NameOf(*row.span));
    text +=
        Text(row.tree, name, std::string(names - row.tree_width - name.size() + 2, ' '),
             scale.BarOf(*row.span), " ", Time(row.span->duration_us()), Details(*row.span), "\n");
  }
  return text;
}

}  // namespace chains::internal
