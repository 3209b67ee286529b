#include "gateway/route/router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kShownOfPath = 200;

std::optional<std::string> PercentDecoded(std::string_view segment) {
  std::string decoded;
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      decoded += segment[i];
      continue;
    }
    const std::string_view digits = segment.substr(i + 1, 2);
    if (digits.size() < 2 || !absl::ascii_isxdigit(digits[0]) || !absl::ascii_isxdigit(digits[1])) {
      return std::nullopt;
    }
    decoded += absl::HexStringToBytes(ToAbsl(digits));
    i += 2;
  }
  return decoded;
}

absl::Status NotFound(std::string_view target, std::string_view why) {
  const std::string shown = absl::CHexEscape(ToAbsl(target.substr(0, kShownOfPath)));
  return absl::NotFoundError(Text(shown, ": ", why));
}

std::optional<std::vector<std::string>> Segments(std::string_view target) {
  const std::string_view path = target.substr(0, target.find_first_of("?#"));
  if (!path.starts_with('/')) return std::nullopt;
  std::vector<std::string> segments;
  for (const absl::string_view part : absl::StrSplit(ToAbsl(path.substr(1)), '/')) {
    std::optional<std::string> segment = PercentDecoded(ToStd(part));
    if (!segment || segment->empty()) return std::nullopt;
    segments.push_back(*std::move(segment));
  }
  return segments;
}

}  // namespace

absl::StatusOr<Router> Router::Create(std::vector<Route> routes) {
  for (size_t i = 0; i < routes.size(); ++i) {
    if (std::find(routes.begin(), routes.begin() + i, routes[i]) != routes.begin() + i) {
      return absl::AlreadyExistsError(Text("the route ", routes[i].ToString(), " is given twice"));
    }
  }
  return Router(std::move(routes));
}

absl::StatusOr<Router::Match> Router::Find(std::string_view target) const {
  std::optional<std::vector<std::string>> segments = Segments(target);
  if (!segments) return NotFound(target, "no path of this gateway");
  const std::vector<std::string> chains = Chains();
  if (segments->front() != "chains") {
    if (chains.size() == 1) return FindIn(chains.front(), target, *std::move(segments));
    return NotFound(target,
                    Text("several chains are served here, so a path begins with /chains/ and ",
                         "one of: ", absl::StrJoin(chains, ", ")));
  }
  if (segments->size() < 3 ||
      std::find(chains.begin(), chains.end(), (*segments)[1]) == chains.end()) {
    return NotFound(target, Text("a path is /chains/CHAIN/ENVIRONMENT/METHOD; chains here: ",
                                 absl::StrJoin(chains, ", ")));
  }
  const std::string chain = (*segments)[1];
  segments->erase(segments->begin(), segments->begin() + 2);
  return FindIn(chain, target, *std::move(segments));
}

absl::StatusOr<Router::Match> Router::FindIn(const std::string& chain, std::string_view target,
                                             std::vector<std::string> segments) const {
  const std::string method = segments.back();
  if (segments.size() == 1) {
    const absl::StatusOr<size_t> route = Default(chain);
    if (!route.ok()) return NotFound(target, MessageOf(route.status()));
    return Match{.route = *route, .method = method};
  }
  const bool is_deployment = segments.size() == 3 && segments[0] == "deployment";
  const bool is_environment =
      segments.size() == 2 || (segments.size() == 3 && segments[0] == "environments");
  if (!is_deployment && !is_environment) {
    return NotFound(target, "a path ends with ENVIRONMENT/METHOD or deployment/ID/METHOD");
  }
  const Route wanted{.chain = chain,
                     .kind = is_deployment ? Route::Kind::kDeployment : Route::Kind::kEnvironment,
                     .name = segments[segments.size() - 2]};
  const auto route = std::find(routes_.begin(), routes_.end(), wanted);
  if (route != routes_.end()) {
    return Match{.route = static_cast<size_t>(route - routes_.begin()), .method = method};
  }
  return NotFound(target, Text("the chain ", chain, " has no such deployment here, only: ",
                               absl::StrJoin(RoutesOf(chain), ", ")));
}

absl::StatusOr<size_t> Router::Default(const std::string& chain) const {
  for (const char* name : {"production", "development"}) {
    const Route wanted{.chain = chain, .kind = Route::Kind::kEnvironment, .name = name};
    const auto route = std::find(routes_.begin(), routes_.end(), wanted);
    if (route != routes_.end()) return static_cast<size_t>(route - routes_.begin());
  }
  return absl::NotFoundError(Text("the chain ", chain,
                                  " has neither production nor development here, only: ",
                                  absl::StrJoin(RoutesOf(chain), ", ")));
}

std::vector<std::string> Router::PathsOf(size_t route) const {
  const Route& wanted = routes_[route];
  std::vector<std::string> paths = {Text("/chains/", wanted.chain, wanted.Path())};
  if (wanted.kind == Route::Kind::kEnvironment) {
    paths.push_back(Text("/chains/", wanted.chain, "/environments/", wanted.name));
  }
  const absl::StatusOr<size_t> by_default = Default(wanted.chain);
  if (by_default.ok() && *by_default == route) paths.push_back(Text("/chains/", wanted.chain));
  if (Chains().size() > 1) return paths;
  const size_t with_prefix = paths.size();
  const size_t prefix = Text("/chains/", wanted.chain).size();
  for (size_t i = 0; i < with_prefix; ++i) paths.push_back(paths[i].substr(prefix));
  return paths;
}

std::vector<std::string> Router::Chains() const {
  std::vector<std::string> chains;
  for (const Route& route : routes_) {
    if (std::find(chains.begin(), chains.end(), route.chain) == chains.end())
      chains.push_back(route.chain);
  }
  return chains;
}

std::vector<std::string> Router::RoutesOf(const std::string& chain) const {
  std::vector<std::string> names;
  for (const Route& route : routes_) {
    if (route.chain == chain) names.push_back(route.Path().substr(1));
  }
  return names;
}

}  // namespace chains::gateway
