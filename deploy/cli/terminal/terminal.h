// Terminal: where a command writes, and what may be done there.
//
//   terminal.out << Styled(terminal, Style::kGood, "live") << "\n";
//
// Answers go to `out`; progress, notes and errors go to `err`, so that a pipe gets answers only.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <string_view>

namespace chains::deploy::cli {

struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_colors = false;  // `out` is a terminal that may be coloured
  bool err_colors = false;
  bool redraws = false;  // `err` is a terminal: progress may overwrite itself
  size_t columns = 100;  // of it
};

enum class Style { kGood, kBad, kWarning, kFaint, kStrong };

// `text`, which is safe, coloured where `out` may be.
std::string Styled(const Terminal& terminal, Style style, std::string_view text);
// The same for `err`.
std::string StyledForErr(const Terminal& terminal, Style style, std::string_view text);

// What this process was started with; no colours where NO_COLOR is set or TERM is "dumb".
Terminal ThisTerminal(std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace chains::deploy::cli
