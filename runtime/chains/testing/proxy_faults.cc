#include "chains/testing/proxy_faults.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::testing {
namespace {

constexpr absl::Duration kLongest = absl::Hours(24);
constexpr int64_t kMostBytes = int64_t{1} << 50;

absl::Status Wrong(std::string_view word) {
  return absl::InvalidArgumentError(
      Text("\"", word,
           "\": delay=TIME, jitter=TIME, rate=BYTES, cut=BYTES, stall=BYTES, "
           "corrupt=BYTES, to-target:, to-client:, blackhole or refuse is expected"));
}

bool ReadTime(std::string_view text, absl::Duration& time) {
  return absl::ParseDuration(std::string(text), &time) && time >= absl::ZeroDuration() &&
         time <= kLongest;
}
bool ReadBytes(std::string_view text, int64_t least, int64_t& bytes) {
  return absl::SimpleAtoi(ToAbsl(text), &bytes) && bytes >= least && bytes <= kMostBytes;
}

// False: it is no such word.
bool ReadWord(std::string_view name, std::string_view value, LinkFaults& faults) {
  if (name == "delay") return ReadTime(value, faults.delay);
  if (name == "jitter") return ReadTime(value, faults.jitter);
  if (name == "rate") return ReadBytes(value, 1, faults.bytes_per_second);
  if (name == "corrupt") return ReadBytes(value, 1, faults.corrupt_every);
  if (name == "cut") return ReadBytes(value, 0, faults.cut_after.emplace());
  if (name == "stall") return ReadBytes(value, 0, faults.stall_after.emplace());
  return false;
}

}  // namespace

absl::StatusOr<ProxyFaults> ParseProxyFaults(std::string_view text) {
  ProxyFaults faults;
  std::vector<LinkFaults*> links = {&faults.to_target, &faults.to_client};
  const std::vector<std::string> words =
      absl::StrSplit(ToAbsl(text), absl::ByAnyChar(" \t"), absl::SkipEmpty());
  for (const std::string& word : words) {
    const std::string_view whole = word;
    const size_t equals = whole.find('=');
    if (word == "blackhole") {
      faults.blackhole = true;
    } else if (word == "refuse") {
      faults.refuse = true;
    } else if (word == "to-target:") {
      links = {&faults.to_target};
    } else if (word == "to-client:") {
      links = {&faults.to_client};
    } else if (equals == std::string_view::npos) {
      return Wrong(whole);
    } else {
      for (LinkFaults* link : links) {
        if (!ReadWord(whole.substr(0, equals), whole.substr(equals + 1), *link)) {
          return Wrong(whole);
        }
      }
    }
  }
  return faults;
}

}  // namespace chains::testing
