// How a string is written in YAML so that every reader takes it for the same string.
//
//   YamlScalar("hello")     hello
//   YamlScalar("8080")      "8080"
//   YamlScalar("on")        "on"
//   FitsYamlBlock("a\nb\n")
#pragma once

#include <string>
#include <string_view>

namespace chains::deploy {

// On one line: plain where no reader of YAML 1.1 or 1.2 could take it for something else, else in
// double quotes. `text` is UTF-8.
std::string YamlScalar(std::string_view text);

// Whether it may be written as a literal block, as long texts of several lines are.
bool FitsYamlBlock(std::string_view text);

}  // namespace chains::deploy
