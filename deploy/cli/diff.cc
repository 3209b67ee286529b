#include "deploy/cli/diff.h"

#include <algorithm>
#include <span>

#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::deploy::cli {
namespace {

constexpr size_t kMaxLines = 500;
constexpr size_t kContext = 3;

using Lines = std::span<const std::string>;

// How long the longest common subsequence of the ends from (i, j) on is.
class Table {
 public:
  Table(Lines a, Lines b) : width_(b.size() + 1), lengths_((a.size() + 1) * width_) {
    for (size_t i = a.size(); i-- > 0;) {
      for (size_t j = b.size(); j-- > 0;) {
        lengths_[i * width_ + j] =
            a[i] == b[j] ? 1 + At(i + 1, j + 1) : std::max(At(i + 1, j), At(i, j + 1));
      }
    }
  }
  size_t At(size_t i, size_t j) const { return lengths_[i * width_ + j]; }

 private:
  const size_t width_;
  std::vector<size_t> lengths_;
};

// One line, of both (' ') or of one ('-', '+').
struct Edit {
  char sign = ' ';
  std::string_view line = {};
};

void AppendAll(Lines lines, char sign, std::vector<Edit>& to) {
  for (const std::string& line : lines) to.push_back({sign, line});
}

void AppendDifference(Lines a, Lines b, std::vector<Edit>& to) {
  if (a.size() > kMaxLines || b.size() > kMaxLines) {
    AppendAll(a, '-', to);
    AppendAll(b, '+', to);
    return;
  }
  const Table table(a, b);
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i] == b[j]) {
      to.push_back({' ', a[i++]});
      ++j;
    } else if (table.At(i + 1, j) >= table.At(i, j + 1)) {
      to.push_back({'-', a[i++]});
    } else {
      to.push_back({'+', b[j++]});
    }
  }
  AppendAll(a.subspan(i), '-', to);
  AppendAll(b.subspan(j), '+', to);
}

// From `a` to `b`, all lines of both. They outlive it.
std::vector<Edit> EditsBetween(Lines a, Lines b) {
  std::vector<Edit> edits;
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    edits.push_back({' ', a.front()});
    a = a.subspan(1);
    b = b.subspan(1);
  }
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[a.size() - 1 - same] == b[b.size() - 1 - same]) {
    ++same;
  }
  AppendDifference(a.first(a.size() - same), b.first(b.size() - same), edits);
  AppendAll(a.last(same), ' ', edits);
  return edits;
}

// Without the empty line after the last line's end.
std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines = absl::StrSplit(ToAbsl(text), '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

bool IsChange(const Edit& edit) { return edit.sign != ' '; }

// Where a hunk that begins with the change at `from` ends: after the last change that is near
// enough to the one before it.
size_t EndOfHunk(const std::vector<Edit>& edits, size_t from) {
  size_t last = from;
  for (size_t i = from; i < edits.size() && i - last <= 2 * kContext; ++i) {
    if (IsChange(edits[i])) last = i;
  }
  return std::min(edits.size(), last + 1 + kContext);
}

// "12,7"; diff(1) counts from the line before where there is none.
std::string Range(size_t first, size_t count) {
  return Text(count == 0 ? first : first + 1, count == 1 ? "" : Text(",", count));
}

}  // namespace

std::string UnifiedDiff(std::string_view before, std::string_view after,
                        const std::string& before_name, const std::string& after_name) {
  const std::vector<std::string> was = LinesOf(before);
  const std::vector<std::string> is = LinesOf(after);
  const std::vector<Edit> edits = EditsBetween(was, is);
  std::string text;
  size_t at = 0;      // in edits
  size_t old_at = 0;  // lines before it
  size_t new_at = 0;
  const auto skip_to = [&](size_t to) {
    for (; at < to; ++at) {
      old_at += edits[at].sign != '+';
      new_at += edits[at].sign != '-';
    }
  };
  while (true) {
    const auto change = std::find_if(edits.begin() + at, edits.end(), IsChange);
    if (change == edits.end()) return text;
    if (text.empty()) text = Text("--- ", before_name, "\n+++ ", after_name, "\n");
    const size_t first = static_cast<size_t>(change - edits.begin());
    skip_to(std::max(at, first - std::min(first, kContext)));
    const size_t begin = at;
    const size_t old_begin = old_at;
    const size_t new_begin = new_at;
    skip_to(EndOfHunk(edits, first));
    text += Text("@@ -", Range(old_begin, old_at - old_begin), " +",
                 Range(new_begin, new_at - new_begin), " @@\n");
    for (size_t i = begin; i < at; ++i)
      text += Text(std::string(1, edits[i].sign), edits[i].line, "\n");
  }
}

std::vector<std::string> DiffLines(std::string_view before, std::string_view after) {
  const std::vector<std::string> was = absl::StrSplit(ToAbsl(before), '\n');
  const std::vector<std::string> is = absl::StrSplit(ToAbsl(after), '\n');
  std::vector<std::string> lines;
  for (const Edit& edit : EditsBetween(was, is)) {
    if (IsChange(edit)) lines.push_back(Text(std::string(1, edit.sign), " ", edit.line));
  }
  return lines;
}

}  // namespace chains::deploy::cli
