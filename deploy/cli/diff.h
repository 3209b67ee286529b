// The difference of two texts, line by line. Pure.
//
//   DiffLines("a\nb", "a\nc")   // "- b", "+ c"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chains::deploy::cli {

// Lines that went ("- …") and came ("+ …"), in their order; those of both are left out. Texts of
// more than 500 lines are compared from both ends only.
std::vector<std::string> DiffLines(std::string_view before, std::string_view after);

// The same as `diff -u` writes it: with the names of both, three lines around each change, and
// where they are. Empty where they are equal.
std::string UnifiedDiff(std::string_view before, std::string_view after,
                        const std::string& before_name, const std::string& after_name);

}  // namespace chains::deploy::cli
