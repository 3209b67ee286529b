// How far a transcript is from what was said.
#pragma once

#include <cstddef>
#include <string_view>

namespace transcribe {

struct WordErrors {
  size_t errors = 0;  // words to put in, take out or exchange
  size_t words = 0;   // in the reference

  // Errors per hundred words; 0 for an empty reference without errors.
  double Percent() const;
  WordErrors& operator+=(const WordErrors& other);
};

// Words are separated by white space; upper and lower case are the same.
WordErrors CountWordErrors(std::string_view reference, std::string_view transcript);

}  // namespace transcribe
