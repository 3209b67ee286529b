#include "deploy/fleets/kubernetes/labels.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"

namespace chains::deploy {
namespace {

constexpr size_t kLongestLabel = 63;
constexpr size_t kUnitDigits = 16;

std::string ShortName(const std::string& name) { return name.substr(name.rfind('.') + 1); }

// Two chainlets whose short names differ in case only would have objects of the same name.
bool IsPlain(const std::string& chainlet, const v1::Manifest& manifest) {
  const std::string name = ShortName(chainlet);
  const auto plain = [](char c) { return absl::ascii_isalnum(c); };
  if (!std::all_of(name.begin(), name.end(), plain)) return false;
  return std::none_of(
      manifest.chainlets().begin(), manifest.chainlets().end(), [&](const v1::Chainlet& other) {
        return other.name() != chainlet &&
               absl::AsciiStrToLower(ShortName(other.name())) == absl::AsciiStrToLower(name);
      });
}

}  // namespace

std::string LabelValue(const std::string& text) {
  std::string value;
  for (const char c : text.substr(0, kLongestLabel)) {
    value += absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' ? c : '-';
  }
  while (!value.empty() && !absl::ascii_isalnum(value.back())) value.pop_back();
  while (!value.empty() && !absl::ascii_isalnum(value.front())) value.erase(0, 1);
  return value;
}

std::string UnitLabel(const FleetDeployment& deployment, const FleetUnit& unit) {
  std::string label;
  for (const std::string& chainlet : unit.chainlets) {
    if (!label.empty()) label += '.';
    label += ShortName(chainlet);
  }
  const bool plain = std::all_of(
      unit.chainlets.begin(), unit.chainlets.end(),
      [&](const std::string& chainlet) { return IsPlain(chainlet, deployment.manifest); });
  if (plain && label.size() <= kLongestLabel) return label;
  return Text("unit-", Hex(Sha256Of(ChainletsText(unit))).substr(0, kUnitDigits));
}

std::string ChainletsText(const FleetUnit& unit) { return absl::StrJoin(unit.chainlets, ","); }

Json DeploymentLabels(const FleetDeployment& deployment) {
  Json all = Json::object();
  all[std::string(labels::kManagedBy)] = "chains";
  all[std::string(labels::kPartOf)] = LabelValue(deployment.chain);
  all[std::string(labels::kChain)] = LabelValue(deployment.chain);
  all[std::string(labels::kDeployment)] = LabelValue(deployment.id);
  return all;
}

Json UnitLabels(const FleetDeployment& deployment, const FleetUnit& unit) {
  Json all = DeploymentLabels(deployment);
  all[std::string(labels::kChainlets)] = UnitLabel(deployment, unit);
  return all;
}

Json UnitSelector(const FleetDeployment& deployment, const FleetUnit& unit) {
  Json all = Json::object();
  all[std::string(labels::kDeployment)] = LabelValue(deployment.id);
  all[std::string(labels::kChainlets)] = UnitLabel(deployment, unit);
  return all;
}

}  // namespace chains::deploy
