#include "absl/strings/ascii.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/objects.h"
#include "deploy/fleets/kubernetes/pod_template.h"

namespace chains::deploy {
namespace {

// A pod's name is its Deployment's and 17 characters more, and is cut where it is longer than a
// host's name, 63.
constexpr size_t kLongestPlace = 46;
constexpr size_t kHashDigits = 8;

std::string Hash(std::string_view text) { return Hex(Sha256Of(text)).substr(0, kHashDigits); }

// Lower case letters and digits, each run of others one '-'. DNS wants a letter first.
std::string Slug(std::string_view text) {
  std::string slug;
  for (const char c : text) {
    if (absl::ascii_isalnum(c)) {
      slug += absl::ascii_tolower(c);
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  if (slug.empty() || !absl::ascii_isalpha(slug.front())) slug.insert(0, slug.empty() ? "c" : "c-");
  return slug;
}

// `text` where it fits; else its beginning and a hash of all of it.
std::string Bounded(const std::string& text, size_t longest) {
  if (text.size() <= longest) return text;
  std::string begin = text.substr(0, longest - kHashDigits - 1);
  while (!begin.empty() && begin.back() == '-') begin.pop_back();
  return Text(begin, "-", Hash(text));
}

constexpr size_t kLongestUnit = kLongestPlace - kHashDigits - 1;

}  // namespace

std::string OwnerName(const FleetDeployment& deployment) {
  return Bounded(Slug(Text(deployment.chain, "-", deployment.id)), kLongestUnit);
}

std::string UnitName(const FleetDeployment& deployment, const FleetUnit& unit) {
  std::string name =
      Slug(Text(deployment.chain, "-", deployment.id, "-", UnitLabel(deployment, unit)));
  return Bounded(name, kLongestUnit);
}

std::string PlaceName(const FleetDeployment& deployment, const FleetUnit& unit,
                      const ClusterSettings& settings) {
  const Json pods = PodTemplate(deployment, unit, settings, "");
  return Text(UnitName(deployment, unit), "-", Hash(pods.dump()));
}

}  // namespace chains::deploy
