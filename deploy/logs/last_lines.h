// LastLines: what a process said last, for a report of its end.
//
//   for (const std::string& line : LastLines(run_folder / "output", 20)) …
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace chains::deploy {

// The last lines of a process's output, oldest first: messages of events, other lines as they are,
// all of it UTF-8. At most `count`, from the last 64 KiB, whether a LogKeeper has taken them or
// not. Of a stack only the frames next to the crash, so that what was said before it is seen.
// Empty where there is no such file. Blocks.
std::vector<std::string> LastLines(const std::filesystem::path& output, size_t count);

// The same of bytes that begin at the begin of a line. Pure.
std::vector<std::string> LastLinesOf(std::string_view bytes, size_t count);

}  // namespace chains::deploy
