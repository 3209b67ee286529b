#include "gateway/app/limit_words.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "chains/core/text.h"
#include "chains/policy/token_bucket.h"

namespace chains::gateway {
namespace {

using Set = void (v1::KeyLimits::*)(int32_t);
struct Number {
  std::string_view name;
  Set set;
};
constexpr Number kNumbers[] = {{"burst=", &v1::KeyLimits::set_burst},
                               {"max-in-flight=", &v1::KeyLimits::set_max_in_flight},
                               {"priority-ceiling=", &v1::KeyLimits::set_priority_ceiling},
                               {"priority=", &v1::KeyLimits::set_priority}};
constexpr std::string_view kRate = "rate=";

}  // namespace

absl::StatusOr<bool> TakeWord(std::string_view word, v1::KeyLimits& limits) {
  if (word == "dry-run") {
    limits.set_dry_run(true);
    return true;
  }
  if (word.starts_with(kRate)) {
    const absl::StatusOr<double> rate = ParseRate(word.substr(kRate.size()));
    if (!rate.ok()) return rate.status();
    limits.set_requests_per_second(*rate);
    return true;
  }
  for (const Number& number : kNumbers) {
    if (!word.starts_with(number.name)) continue;
    int32_t value = 0;
    if (!absl::SimpleAtoi(ToAbsl(word.substr(number.name.size())), &value)) {
      return absl::InvalidArgumentError(Text("'", word, "' has no whole number"));
    }
    (limits.*number.set)(value);
    return true;
  }
  return false;
}

}  // namespace chains::gateway
