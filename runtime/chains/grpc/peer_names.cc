#include "chains/grpc/peer_names.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"

namespace chains {
namespace {

constexpr std::string_view kScheme = "spiffe://";
constexpr size_t kLongestDomain = 255;

bool IsDomainCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

}  // namespace

std::string ChainletPeer(std::string_view trust_domain, std::string_view chain,
                         std::string_view contract) {
  return Text(kScheme, trust_domain, "/chain/", chain, "/chainlet/", contract);
}

std::string GatewayPeer(std::string_view trust_domain) {
  return Text(kScheme, trust_domain, "/gateway");
}

std::string PlatformPeer(std::string_view trust_domain) {
  return Text(kScheme, trust_domain, "/platform");
}

absl::Status CheckTrustDomain(std::string_view trust_domain) {
  if (!trust_domain.empty() && trust_domain.size() <= kLongestDomain &&
      std::all_of(trust_domain.begin(), trust_domain.end(), IsDomainCharacter)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(Text("\"", trust_domain.substr(0, kLongestDomain),
                                         "\" is no trust domain: it has 1 to ", kLongestDomain,
                                         " characters of a-z, 0-9, '.', '-' and '_'"));
}

absl::StatusOr<std::string> TrustDomainOf(std::string_view name) {
  if (!name.starts_with(kScheme)) {
    return absl::InvalidArgumentError(Text("\"", name, "\" does not begin with ", kScheme));
  }
  const std::string_view rest = name.substr(kScheme.size());
  const std::string_view domain = rest.substr(0, rest.find('/'));
  if (absl::Status valid = CheckTrustDomain(domain); !valid.ok()) return valid;
  return std::string(domain);
}

std::string ForPeople(const PeerNames& names) {
  return names.empty() ? "nobody" : absl::StrJoin(names, ", ");
}

}  // namespace chains
