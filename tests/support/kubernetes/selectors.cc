#include "tests/support/kubernetes/selectors.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "tests/support/kubernetes/syntax.h"

namespace chains::deploy::fake {
namespace {

// At the commas that are in no brackets.
std::vector<std::string> Rules(std::string_view text) {
  std::vector<std::string> rules;
  std::string rule;
  int depth = 0;
  for (const char c : text) {
    depth += (c == '(') - (c == ')');
    if (c == ',' && depth == 0) {
      rules.push_back(std::move(rule));
      rule.clear();
    } else {
      rule += c;
    }
  }
  if (!rule.empty()) rules.push_back(std::move(rule));
  return rules;
}

std::string Stripped(std::string_view text) {
  return std::string(absl::StripAsciiWhitespace(ToAbsl(text)));
}

}  // namespace

absl::StatusOr<Selector::Rule> Selector::ParseRule(std::string text) {
  text = Stripped(text);
  Rule rule;
  const size_t open = text.find('('), equals = text.find('=');
  if (open != std::string::npos && text.back() == ')') {
    const std::vector<std::string> head =
        absl::StrSplit(Stripped(text.substr(0, open)), ' ', absl::SkipEmpty());
    if (head.size() != 2 || (head[1] != "in" && head[1] != "notin")) {
      return absl::InvalidArgumentError(Text("unable to parse requirement: ", text));
    }
    rule.key = head[0];
    rule.by = head[1] == "in" ? By::kIn : By::kNotIn;
    const std::string values = text.substr(open + 1, text.size() - open - 2);
    for (const absl::string_view value : absl::StrSplit(values, ',')) {
      rule.values.push_back(Stripped(ToStd(value)));
    }
  } else if (equals != std::string::npos) {
    const bool differs = equals > 0 && text[equals - 1] == '!';
    const size_t value = text.find_first_not_of('=', equals);
    rule.key = Stripped(text.substr(0, equals - (differs ? 1 : 0)));
    rule.by = differs ? By::kNotIn : By::kIn;
    rule.values = {value == std::string::npos ? "" : Stripped(text.substr(value))};
  } else {
    rule.by = text.front() == '!' ? By::kMissing : By::kExists;
    rule.key = Stripped(text.substr(rule.by == By::kMissing ? 1 : 0));
  }
  for (const std::string& value : rule.values) {
    if (!IsLabelValue(value)) {
      return absl::InvalidArgumentError(Text("'", value, "' in a selector is no label"));
    }
  }
  return rule;
}

absl::StatusOr<Selector> Selector::Parse(std::string_view labels, std::string_view fields) {
  Selector selector;
  for (const std::string& text : Rules(labels)) {
    absl::StatusOr<Rule> rule = ParseRule(text);
    if (!rule.ok()) return rule.status();
    if (!IsLabelKey(rule->key)) {
      return absl::InvalidArgumentError(Text("'", rule->key, "' in a selector is no label's key"));
    }
    selector.labels_.push_back(*std::move(rule));
  }
  for (const std::string& text : Rules(fields)) {
    absl::StatusOr<Rule> rule = ParseRule(text);
    if (!rule.ok()) return rule.status();
    rule->key = Text("/", absl::StrReplaceAll(rule->key, {{".", "/"}}));
    selector.fields_.push_back(*std::move(rule));
  }
  return selector;
}

Selector Selector::OfSpec(const Json& spec) {
  Selector selector;
  for (const auto& [key, value] : StringsAt(spec, "/matchLabels")) {
    selector.labels_.push_back({.key = key, .by = By::kIn, .values = {value}});
  }
  for (const Json& expression : At(spec, "/matchExpressions")) {
    Rule rule{.key = StringAt(expression, "/key")};
    const std::string by = StringAt(expression, "/operator");
    rule.by = by == "In"       ? By::kIn
              : by == "NotIn"  ? By::kNotIn
              : by == "Exists" ? By::kExists
                               : By::kMissing;
    for (const Json& value : At(expression, "/values")) rule.values.push_back(value);
    selector.labels_.push_back(std::move(rule));
  }
  return selector;
}

bool Selector::MatchesLabels(const std::map<std::string, std::string>& labels) const {
  return std::all_of(labels_.begin(), labels_.end(), [&labels](const Rule& rule) {
    const auto found = labels.find(rule.key);
    if (found == labels.end()) return rule.by == By::kMissing || rule.by == By::kNotIn;
    if (rule.by == By::kExists || rule.by == By::kMissing) return rule.by == By::kExists;
    const bool among = std::count(rule.values.begin(), rule.values.end(), found->second) != 0;
    return among == (rule.by == By::kIn);
  });
}

bool Selector::Matches(const Json& object) const {
  const bool right = std::all_of(fields_.begin(), fields_.end(), [&object](const Rule& rule) {
    return (StringAt(object, rule.key) == rule.values.front()) == (rule.by == By::kIn);
  });
  return right && MatchesLabels(StringsAt(object, "/metadata/labels"));
}

}  // namespace chains::deploy::fake
