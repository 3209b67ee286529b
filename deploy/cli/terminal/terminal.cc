#include "deploy/cli/terminal/terminal.h"

#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include "chains/core/text.h"

namespace chains::deploy::cli {
namespace {

std::string_view CodeOf(Style style) {
  switch (style) {
    case Style::kGood:
      return "\x1b[32m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kFaint:
      return "\x1b[2m";
    case Style::kStrong:
      return "\x1b[1m";
  }
  return "";
}

std::string Painted(bool colors, Style style, std::string_view text) {
  if (!colors) return std::string(text);
  return Text(CodeOf(style), text, "\x1b[0m");
}

bool MayColour() {
  const char* const no = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  return (no == nullptr || *no == '\0') && term != nullptr && std::string_view(term) != "dumb";
}

size_t ColumnsOfErr() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

}  // namespace

std::string Styled(const Terminal& terminal, Style style, std::string_view text) {
  return Painted(terminal.out_colors, style, text);
}

std::string StyledForErr(const Terminal& terminal, Style style, std::string_view text) {
  return Painted(terminal.err_colors, style, text);
}

Terminal ThisTerminal(std::istream& in, std::ostream& out, std::ostream& err) {
  const bool out_is_one = isatty(STDOUT_FILENO) == 1;
  const bool err_is_one = isatty(STDERR_FILENO) == 1;
  return {.in = in,
          .out = out,
          .err = err,
          .out_colors = out_is_one && MayColour(),
          .err_colors = err_is_one && MayColour(),
          .redraws = err_is_one,
          .columns = ColumnsOfErr()};
}

}  // namespace chains::deploy::cli
