#include "chains/chain/who_may_call.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "chains/core/text.h"

namespace chains::internal {
namespace {

constexpr std::string_view kChainlet = "/chainlet/";

}  // namespace

AllowedCallers CallersIn(const ChainSpec& chain) {
  std::map<std::string, v1::AllowedCallers, std::less<>> by_contract;
  for (const ChainletSpec& chainlet : chain.chainlets) {
    v1::AllowedCallers& own = by_contract[std::string(chainlet.name())];
    own.set_gateway(chainlet.entrypoint);
    for (const DependencySpec& dependency : chainlet.dependencies) {
      by_contract[std::string(dependency.callee->info->name)].add_callers(
          std::string(chainlet.name()));
    }
  }
  AllowedCallers all;
  for (auto& [contract, callers] : by_contract) {
    callers.set_chainlet(contract);
    *all.Add() = std::move(callers);
  }
  return all;
}

std::string ChainOf(const Identity& identity) {
  const std::string& name = identity.names().front();
  const std::string prefix = ChainletPeer(identity.trust_domain(), "", "");
  // "spiffe://DOMAIN/chain//chainlet/": the chain stands between the two.
  const std::string before = prefix.substr(0, prefix.size() - kChainlet.size());
  const size_t end = name.rfind(kChainlet);
  if (name.rfind(before, 0) != 0 || end == std::string::npos || end < before.size()) return "";
  return name.substr(before.size(), end - before.size());
}

Authorization::Rules RulesOf(const AllowedCallers& callers, const Identity& identity) {
  const std::string& domain = identity.trust_domain();
  const std::string chain = ChainOf(identity);
  Authorization::Rules rules;
  rules.others = {GatewayPeer(domain), PlatformPeer(domain)};
  for (const v1::AllowedCallers& each : callers) {
    PeerNames& names = rules.callers[each.chainlet()];
    for (const std::string& caller : each.callers()) {
      names.push_back(ChainletPeer(domain, chain, caller));
    }
    if (each.gateway()) names.push_back(GatewayPeer(domain));
    rules.others.push_back(ChainletPeer(domain, chain, each.chainlet()));
  }
  return rules;
}

absl::Status CheckNames(const std::vector<std::string>& chainlets, const Identity& identity) {
  for (const std::string& chainlet : chainlets) {
    const std::string name = ChainletPeer(identity.trust_domain(), ChainOf(identity), chainlet);
    const PeerNames& names = identity.names();
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return absl::InvalidArgumentError(Text("the certificate is that of ", ForPeople(names),
                                           ": who serves ", chainlet, " needs one with the name ",
                                           name));
  }
  return absl::OkStatus();
}

}  // namespace chains::internal
