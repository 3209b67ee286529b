#include "deploy/cli/terminal/table.h"

#include <algorithm>

#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

constexpr size_t kGap = 2;

std::string Plain(const std::string& text) { return text.empty() ? "-" : Safe(text); }

}  // namespace

void Table::Print(const Terminal& terminal, size_t indent) const {
  if (rows_.empty()) return;
  std::vector<size_t> widths;
  for (const std::string& heading : headings_) widths.push_back(Columns(heading));
  for (const std::vector<Cell>& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], Columns(Plain(row[i].text)));
    }
  }
  const auto padding = [&](size_t i, const std::string& text) {
    const bool is_last = i + 1 == widths.size();
    return std::string(is_last ? 0 : widths[i] - Columns(text) + kGap, ' ');
  };
  terminal.out << std::string(indent, ' ');
  for (size_t i = 0; i < widths.size(); ++i) {
    terminal.out << Styled(terminal, Style::kFaint, headings_[i]) << padding(i, headings_[i]);
  }
  terminal.out << "\n";
  for (const std::vector<Cell>& row : rows_) {
    terminal.out << std::string(indent, ' ');
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string text = Plain(row[i].text);
      terminal.out << (row[i].style ? Styled(terminal, *row[i].style, text) : text)
                   << padding(i, text);
    }
    terminal.out << "\n";
  }
}

}  // namespace chains::deploy::cli
