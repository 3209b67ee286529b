#include "plugin/names.h"

#include <algorithm>
#include <array>

#include <google/protobuf/compiler/cpp/names.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace chains::plugin {

std::string Stem(const FileDescriptor& file) {
  return std::string(absl::StripSuffix(file.name(), ".proto"));
}

std::string Namespace(const FileDescriptor& file) {
  return absl::StrReplaceAll(file.package(), {{".", "::"}});
}

std::string CppName(const Descriptor& message) {
  return google::protobuf::compiler::cpp::QualifiedClassName(&message);
}

std::string CppName(const ServiceDescriptor& service) {
  return absl::StrCat("::", Namespace(*service.file()), "::", service.name());
}

std::string SnakeCase(absl::string_view name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool starts_word = i > 0 && absl::ascii_isupper(name[i]) && name[i - 1] != '_' &&
                             (!absl::ascii_isupper(name[i - 1]) ||
                              (i + 1 < name.size() && absl::ascii_islower(name[i + 1])));
    if (starts_word) snake += '_';
    snake += absl::ascii_tolower(name[i]);
  }
  return snake;
}

bool IsKeyword(absl::string_view name) {
  static constexpr auto kKeywords =
      std::to_array<absl::string_view>({"alignas",       "alignof",     "and",
                                        "and_eq",        "asm",         "auto",
                                        "bitand",        "bitor",       "bool",
                                        "break",         "case",        "catch",
                                        "char",          "char16_t",    "char32_t",
                                        "char8_t",       "class",       "co_await",
                                        "co_return",     "co_yield",    "compl",
                                        "concept",       "const",       "const_cast",
                                        "consteval",     "constexpr",   "constinit",
                                        "continue",      "decltype",    "default",
                                        "delete",        "do",          "double",
                                        "dynamic_cast",  "else",        "enum",
                                        "explicit",      "export",      "extern",
                                        "false",         "float",       "for",
                                        "friend",        "goto",        "if",
                                        "inline",        "int",         "long",
                                        "mutable",       "namespace",   "new",
                                        "noexcept",      "not",         "not_eq",
                                        "nullptr",       "operator",    "or",
                                        "or_eq",         "private",     "protected",
                                        "public",        "register",    "reinterpret_cast",
                                        "requires",      "return",      "short",
                                        "signed",        "sizeof",      "static",
                                        "static_assert", "static_cast", "struct",
                                        "switch",        "template",    "this",
                                        "thread_local",  "throw",       "true",
                                        "try",           "typedef",     "typeid",
                                        "typename",      "union",       "unsigned",
                                        "using",         "virtual",     "void",
                                        "volatile",      "wchar_t",     "while",
                                        "xor",           "xor_eq"});
  static_assert(std::ranges::is_sorted(kKeywords));
  return std::ranges::binary_search(kKeywords, name);
}

Position PositionOf(const FileDescriptor& file, const std::vector<int>& path) {
  SourceLocation location;
  if (!file.GetSourceLocation(path, &location)) return {};
  return {location.start_line + 1, location.start_column + 1};
}

std::string DocOf(const SourceLocation& location) {
  const absl::string_view text = absl::StripTrailingAsciiWhitespace(location.leading_comments);
  if (text.empty()) return "";
  std::string doc;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripTrailingAsciiWhitespace(line);
    // A backslash at its end would make the next line part of the comment.
    const bool is_indented = line.empty() || absl::ascii_isspace(line.front());
    absl::StrAppend(&doc, is_indented ? "//" : "// ", line,
                    absl::EndsWith(line, "\\") ? " (backslash)\n" : "\n");
  }
  return doc;
}

}  // namespace chains::plugin
