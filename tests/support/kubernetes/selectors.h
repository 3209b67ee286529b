// Label and field selectors, as queries have them.
//
//   absl::StatusOr<Selector> selector = Selector::Parse("app=hello,tier in (a,b),!old", "");
//   selector->Matches(pod);
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "deploy/apiserver/object.h"

namespace chains::deploy::fake {

class Selector {
 public:
  // INVALID_ARGUMENT repeats what cannot be read.
  static absl::StatusOr<Selector> Parse(std::string_view labels, std::string_view fields);
  // metadata.matchLabels and matchExpressions of a spec.
  static Selector OfSpec(const Json& selector);

  bool Matches(const Json& object) const;
  bool MatchesLabels(const std::map<std::string, std::string>& labels) const;

 private:
  enum class By { kIn, kNotIn, kExists, kMissing };
  struct Rule {
    std::string key;
    By by = By::kExists;
    std::vector<std::string> values = {};
  };
  static absl::StatusOr<Rule> ParseRule(std::string text);

  std::vector<Rule> labels_;
  std::vector<Rule> fields_;  // keys are JSON pointers
};

}  // namespace chains::deploy::fake
