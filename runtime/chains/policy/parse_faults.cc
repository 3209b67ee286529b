// The text of faults: "SayHello: 1% UNAVAILABLE, 5% +200ms".
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "chains/policy/faults.h"

namespace chains {
namespace {

constexpr size_t kMostOfOne = 64;
constexpr absl::Duration kLongest = absl::Hours(24);

constexpr std::string_view kExample =
    "a rule is as in \"SayHello: 1% UNAVAILABLE, 5% +200ms, 0.1% hangs\"";

absl::Status Wrong(std::string_view quoted, std::string_view why) {
  return absl::InvalidArgumentError(Text("\"", quoted, "\" ", why, "; ", kExample));
}

std::string_view Trimmed(absl::string_view text) { return ToStd(absl::StripAsciiWhitespace(text)); }

absl::StatusOr<double> ParseShare(std::string_view word, std::string_view effect) {
  double percent = 0;
  if (!word.ends_with('%') ||
      !absl::SimpleAtod(ToAbsl(word.substr(0, word.size() - 1)), &percent) ||
      !std::isfinite(percent) || percent <= 0 || percent > 100) {
    return Wrong(effect, "does not begin with a share above 0% and up to 100%");
  }
  return percent / 100;
}

absl::StatusOr<absl::Duration> ParseTime(std::string_view text, std::string_view effect) {
  absl::Duration duration;
  if (!absl::ParseDuration(std::string(text), &duration) || duration < absl::ZeroDuration() ||
      duration > kLongest) {
    return Wrong(effect, "has no duration of up to 24h such as 200ms");
  }
  return duration;
}

// "200ms" or "200ms~50ms".
absl::StatusOr<FaultEffect> ParseDelay(std::string_view text, std::string_view whole) {
  FaultEffect effect{.kind = FaultEffect::Kind::kDelays};
  const size_t tilde = text.find('~');
  absl::StatusOr<absl::Duration> delay = ParseTime(text.substr(0, tilde), whole);
  if (!delay.ok()) return delay.status();
  effect.delay = *delay;
  if (tilde == std::string_view::npos) return effect;
  absl::StatusOr<absl::Duration> jitter = ParseTime(text.substr(tilde + 1), whole);
  if (!jitter.ok()) return jitter.status();
  if (*jitter > effect.delay) return Wrong(whole, "varies by more than its delay");
  effect.jitter = *jitter;
  return effect;
}

// nullopt: not the name of an error.
std::optional<absl::StatusCode> ParseCode(std::string_view name) {
  for (int code = 1; code <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++code) {
    const auto each = static_cast<absl::StatusCode>(code);
    if (absl::StatusCodeToString(each) == std::string(name)) return each;
  }
  return std::nullopt;
}

absl::StatusOr<FaultEffect> ParseKind(const std::vector<std::string>& words,
                                      std::string_view whole) {
  using Kind = FaultEffect::Kind;
  const std::string_view what = words[1];
  if (what.starts_with('+') && words.size() == 2) return ParseDelay(what.substr(1), whole);
  if (what == "hangs" && words.size() == 2) return FaultEffect{.kind = Kind::kHangs};
  if (what == "corrupt" && words.size() == 2) return FaultEffect{.kind = Kind::kCorrupts};
  const std::optional<absl::StatusCode> code = ParseCode(what);
  if (!code) {
    return Wrong(whole, "is no fault: a code such as UNAVAILABLE, +200ms, hangs or corrupt is");
  }
  if (words.size() == 2) return FaultEffect{.kind = Kind::kFails, .code = *code};
  if (words[2] != "after" || words.size() > 3) {
    return Wrong(whole, "may end in \"after\" behind a code, and in nothing else");
  }
  return FaultEffect{.kind = Kind::kFailsAfter, .code = *code};
}

// Takes "from 10s to 40s" off the end of an effect's words.
absl::Status TakeWindow(std::vector<std::string>& words, std::string_view whole,
                        FaultEffect& window) {
  const size_t size = words.size();
  if (size < 6 || words[size - 4] != "from" || words[size - 2] != "to") return absl::OkStatus();
  absl::StatusOr<absl::Duration> from = ParseTime(words[size - 3], whole);
  if (!from.ok()) return from.status();
  absl::StatusOr<absl::Duration> to = ParseTime(words[size - 1], whole);
  if (!to.ok()) return to.status();
  if (*to <= *from) return Wrong(whole, "ends before it begins");
  window.from = *from;
  window.to = *to;
  words.resize(size - 4);
  return absl::OkStatus();
}

absl::StatusOr<FaultEffect> ParseEffect(std::string_view text) {
  std::vector<std::string> words =
      absl::StrSplit(ToAbsl(text), absl::ByAnyChar(" \t"), absl::SkipEmpty());
  FaultEffect window;
  if (absl::Status taken = TakeWindow(words, text, window); !taken.ok()) return taken;
  if (words.size() < 2) return Wrong(text, "is not a share and what strikes it");
  absl::StatusOr<double> share = ParseShare(words[0], text);
  if (!share.ok()) return share.status();
  absl::StatusOr<FaultEffect> effect = ParseKind(words, text);
  if (!effect.ok()) return effect;
  effect->share = *share;
  effect->from = window.from;
  effect->to = window.to;
  return effect;
}

bool IsName(std::string_view name) {
  if (name == "*") return true;
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_';
  });
}

absl::StatusOr<FaultRule> ParseRule(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return Wrong(text, "does not say which chainlet it is for");
  FaultRule rule;
  rule.chainlet = std::string(Trimmed(ToAbsl(text.substr(0, colon))));
  if (!IsName(rule.chainlet)) {
    return Wrong(rule.chainlet, "is no chainlet: SayHello, hello.SayHello or * is expected");
  }
  for (absl::string_view each : absl::StrSplit(ToAbsl(text.substr(colon + 1)), ',')) {
    absl::StatusOr<FaultEffect> effect = ParseEffect(Trimmed(each));
    if (!effect.ok()) return effect.status();
    rule.effects.push_back(*effect);
    if (rule.effects.size() > kMostOfOne) return Wrong(rule.chainlet, "has more than 64 faults");
  }
  return rule;
}

}  // namespace

absl::StatusOr<Faults> ParseFaults(std::string_view text) {
  Faults faults;
  for (absl::string_view each : absl::StrSplit(ToAbsl(text), ';')) {
    const std::string_view rule_text = Trimmed(each);
    if (rule_text.empty()) continue;
    absl::StatusOr<FaultRule> rule = ParseRule(rule_text);
    if (!rule.ok()) return rule.status();
    faults.push_back(*std::move(rule));
    if (faults.size() > kMostOfOne) return Wrong(rule_text, "is the 65th rule: 64 are the most");
  }
  if (faults.empty()) return Wrong(text, "has no rule");
  return faults;
}

}  // namespace chains
