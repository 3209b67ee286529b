#include "tools/word_error_rate.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace transcribe {
namespace {

std::vector<std::string> Words(std::string_view text) {
  const std::string lower = absl::AsciiStrToLower({text.data(), text.size()});
  return absl::StrSplit(lower, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty());
}

// Levenshtein's distance, row by row: row[j] is that of the first i words of `a` to the first j of
// `b`.
size_t Distance(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t exchanged = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({exchanged, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

double WordErrors::Percent() const {
  return errors == 0 ? 0 : 100.0 * static_cast<double>(errors) / static_cast<double>(words);
}

WordErrors& WordErrors::operator+=(const WordErrors& other) {
  errors += other.errors;
  words += other.words;
  return *this;
}

WordErrors CountWordErrors(std::string_view reference, std::string_view transcript) {
  const std::vector<std::string> said = Words(reference);
  return {.errors = Distance(said, Words(transcript)), .words = said.size()};
}

}  // namespace transcribe
