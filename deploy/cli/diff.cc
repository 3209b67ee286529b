#include "deploy/cli/diff.h"

#include <algorithm>
#include <span>

#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::deploy::cli {
namespace {

constexpr size_t kMaxLines = 500;

using Lines = std::span<const std::string>;

void AppendAll(Lines lines, std::string_view sign, std::vector<std::string>& to) {
  for (const std::string& line : lines) to.push_back(Text(sign, line));
}

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

void AppendDifference(Lines a, Lines b, std::vector<std::string>& to) {
  const Table table(a, b);
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i] == b[j]) {
      ++i;
      ++j;
    } else if (table.At(i + 1, j) >= table.At(i, j + 1)) {
      to.push_back(Text("- ", a[i++]));
    } else {
      to.push_back(Text("+ ", b[j++]));
    }
  }
  AppendAll(a.subspan(i), "- ", to);
  AppendAll(b.subspan(j), "+ ", to);
}

}  // namespace

std::vector<std::string> DiffLines(std::string_view before, std::string_view after) {
  const std::vector<std::string> was = absl::StrSplit(ToAbsl(before), '\n');
  const std::vector<std::string> is = absl::StrSplit(ToAbsl(after), '\n');
  Lines a(was);
  Lines b(is);
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a = a.subspan(1);
    b = b.subspan(1);
  }
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a = a.first(a.size() - 1);
    b = b.first(b.size() - 1);
  }
  std::vector<std::string> lines;
  if (a.size() > kMaxLines || b.size() > kMaxLines) {
    AppendAll(a, "- ", lines);
    AppendAll(b, "+ ", lines);
  } else {
    AppendDifference(a, b, lines);
  }
  return lines;
}

}  // namespace chains::deploy::cli
