// Safe: text from a server, a log or a file, made harmless for a terminal.
//
//   Safe("a\x1b[2Jb\n")   // a\x1b[2Jb\n, all of it printable
//
// Escaped are control characters (C0, DEL, C1), what turns the direction of writing round, and
// bytes that are no UTF-8. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chains::deploy::cli {

// One line: line ends and tabs are escaped as well.
std::string Safe(std::string_view text);

// The lines of `text`, each safe; a line end at its end makes no further line. Tabs become spaces.
std::vector<std::string> SafeLines(std::string_view text);

// JSON in which nothing but line ends is left to a terminal's interpretation; still the same JSON.
std::string SafeJson(std::string_view json);

// How many columns `text` takes: characters, of which combining ones and wide ones are not told
// apart.
size_t Columns(std::string_view text);

// `text` in at most `columns`, its end cut off with an ellipsis.
std::string Shortened(std::string_view text, size_t columns);

}  // namespace chains::deploy::cli
