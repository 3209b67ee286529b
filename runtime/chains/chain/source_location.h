// SourceLocation: a place in a source file, as std::source_location, which clang 14 cannot offer.
//
//   void Add(int item, chains::SourceLocation where = chains::SourceLocation::Current());
#pragma once

#include <string_view>

namespace chains {

struct SourceLocation {
  // As a default argument: the place of the call.
  static constexpr SourceLocation Current(const char* file = __builtin_FILE(),
                                          int line = __builtin_LINE()) {
    return {file, line};
  }
  // "main.cc", whatever path the compiler was given.
  constexpr std::string_view file_name() const {
    const std::string_view path = file;
    return path.substr(path.rfind('/') + 1);
  }

  const char* file = "";
  int line = 0;
};

}  // namespace chains
