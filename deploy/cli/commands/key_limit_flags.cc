#include "deploy/cli/commands/key_limit_flags.h"

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/policy/token_bucket.h"

namespace chains::deploy::cli {
namespace {

std::string RateProblem(const std::string& text) {
  const absl::StatusOr<double> rate = ParseRate(text);
  return rate.ok() ? "" : std::string(MessageOf(rate.status()));
}

}  // namespace

std::vector<Option> KeyLimitOptions(KeyLimitFlags& flags) {
  return {{"--rate", "requests that it may make: 50/s, 100/m", &flags.rate, {.check = RateProblem}},
          {"--burst", "of them at once; by default those of a second", &flags.burst},
          {"--max-in-flight", "requests that it may have at a time", &flags.max_in_flight},
          {"--priority-ceiling", "the highest Chains-Priority that it may ask for, 0 to 7",
           &flags.priority_ceiling},
          {"--priority", "of requests that ask for none", &flags.priority},
          {"--limits-dry-run", "only count what these limits would refuse", &flags.dry_run}};
}

v1::KeyLimits ToLimits(const KeyLimitFlags& flags) {
  v1::KeyLimits limits;
  if (!flags.rate.empty()) limits.set_requests_per_second(ParseRate(flags.rate).value_or(0));
  if (flags.burst) limits.set_burst(*flags.burst);
  if (flags.max_in_flight) limits.set_max_in_flight(*flags.max_in_flight);
  if (flags.priority_ceiling) limits.set_priority_ceiling(*flags.priority_ceiling);
  if (flags.priority) limits.set_priority(*flags.priority);
  if (flags.dry_run) limits.set_dry_run(true);
  return limits;
}

std::string LimitsText(const v1::KeyLimits& limits) {
  std::vector<std::string> parts;
  if (limits.requests_per_second() > 0) parts.push_back(RateText(limits.requests_per_second()));
  if (limits.burst() > 0) parts.push_back(Text("burst ", limits.burst()));
  if (limits.max_in_flight() > 0) parts.push_back(Text(limits.max_in_flight(), " in flight"));
  if (limits.has_priority()) parts.push_back(Text("priority ", limits.priority()));
  if (limits.has_priority_ceiling()) {
    parts.push_back(Text("priority up to ", limits.priority_ceiling()));
  }
  if (limits.dry_run()) parts.emplace_back("on trial");
  return absl::StrJoin(parts, ", ");
}

}  // namespace chains::deploy::cli
