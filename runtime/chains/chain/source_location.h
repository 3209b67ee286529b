// SourceLocation: a place in a source file, as std::source_location, which clang 14 cannot offer.
//
//   void Add(int item, chains::SourceLocation where = chains::SourceLocation::Current());
#pragma once

namespace chains {

struct SourceLocation {
  // As a default argument: the place of the call.
  static constexpr SourceLocation Current(const char* file = __builtin_FILE(),
                                          int line = __builtin_LINE()) {
    return {file, line};
  }

  const char* file = "";
  int line = 0;
};

}  // namespace chains
