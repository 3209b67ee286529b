#include "gateway/route/router.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kShownOfPath = 200;
constexpr std::string_view kNoChain = "no chain is deployed here";

std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
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

// For messages: there may be thousands.
std::string Listed(const std::vector<std::string>& names) {
  constexpr size_t kMost = 20;
  if (names.size() <= kMost) return absl::StrJoin(names, ", ");
  return Text(absl::StrJoin(names.begin(), names.begin() + kMost, ", "), " and ",
              names.size() - kMost, " more");
}

}  // namespace

// The first segments of a path, decoded, without an allocation where none of them is encoded.
class Router::Path {
 public:
  // False where it is no path.
  bool Read(std::string_view target) {
    path_ = target.substr(0, target.find_first_of("?#"));
    if (!path_.starts_with('/')) return false;
    for (size_t at = 1; count_ < kMost;) {
      const size_t end = std::min(path_.find('/', at), path_.size());
      begins_[count_] = at;
      if (!Add(path_.substr(at, end - at))) return false;
      if (end == path_.size()) break;
      at = end + 1;
    }
    return true;
  }
  std::span<const std::string_view> segments() const { return {segments_.data(), count_}; }
  // All from that segment on, as it came.
  std::string_view From(size_t segment) const { return path_.substr(begins_[segment]); }

 private:
  bool Add(std::string_view part) {
    if (part.empty()) return false;
    if (part.find('%') != std::string_view::npos) {
      std::optional<std::string> decoded = PercentDecoded(part);
      if (!decoded) return false;
      part = decoded_[count_] = *std::move(decoded);
    }
    segments_[count_++] = part;
    return !part.empty();
  }

  static constexpr size_t kMost = 6;  // one more than the longest that a route has
  std::string_view path_;
  std::array<std::string_view, kMost> segments_;
  std::array<std::string, kMost> decoded_;
  std::array<size_t, kMost> begins_;
  size_t count_ = 0;
};

absl::StatusOr<Router> Router::Create(std::vector<Route> routes) {
  Router router(std::move(routes));
  const auto& sorted = router.by_name_;
  for (size_t i = 1; i < sorted.size(); ++i) {
    const Route& route = router.routes_[sorted[i]];
    if (route != router.routes_[sorted[i - 1]]) continue;
    return absl::AlreadyExistsError(Text("the route ", route.ToString(), " is given twice"));
  }
  return router;
}

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (const Route& route : routes_) {
    if (std::find(chains_.begin(), chains_.end(), route.chain) == chains_.end())
      chains_.push_back(route.chain);
  }
  by_name_.resize(routes_.size());
  std::iota(by_name_.begin(), by_name_.end(), size_t{0});
  std::sort(by_name_.begin(), by_name_.end(),
            [this](size_t a, size_t b) { return NameOf(routes_[a]) < NameOf(routes_[b]); });
}

absl::StatusOr<Router::Match> Router::Find(std::string_view target) const {
  Path path;
  if (!path.Read(target)) return NotFound(target, "no path of this gateway");
  if (chains_.empty()) return NotFound(target, kNoChain);
  const auto segments = path.segments();
  if (segments.front() != "chains") {
    if (chains_.size() == 1) return FindIn(chains_.front(), target, path, 0);
    return NotFound(target,
                    Text("several chains are served here, so a path begins with /chains/ and ",
                         "one of: ", Listed(chains_)));
  }
  if (segments.size() < 3 ||
      std::find(chains_.begin(), chains_.end(), segments[1]) == chains_.end()) {
    return NotFound(
        target, Text("a path is /chains/CHAIN/ENVIRONMENT/METHOD; chains here: ", Listed(chains_)));
  }
  return FindIn(segments[1], target, path, 2);
}

absl::StatusOr<Router::Match> Router::FindIn(std::string_view chain, std::string_view target,
                                             const Path& path, size_t begin) const {
  const auto segments = path.segments().subspan(begin);
  if (segments.size() == 1) {
    const absl::StatusOr<size_t> route = Default(chain);
    if (!route.ok()) return NotFound(target, MessageOf(route.status()));
    return Match{.route = *route, .method = std::string(segments[0])};
  }
  const bool is_deployment = segments.size() >= 3 && segments[0] == "deployment";
  const bool is_named = segments.size() >= 3 && segments[0] == "environments";
  const auto kind = is_deployment ? Route::Kind::kDeployment : Route::Kind::kEnvironment;
  const size_t name = is_deployment || is_named ? 1 : 0;
  const size_t method = name + 1;
  const bool has_rest = segments.size() > method + 1;
  if (const auto route = IndexOf(chain, kind, segments[name])) {
    return Match{
        .route = *route,
        .method = std::string(segments[method]),
        .rest = std::string(has_rest ? path.From(begin + method + 1) : std::string_view())};
  }
  if (has_rest) {
    return NotFound(target, "a path ends with ENVIRONMENT/METHOD or deployment/ID/METHOD");
  }
  return NotFound(
      target, Text("the chain ", chain, " has no such deployment here, only: ", RoutesOf(chain)));
}

absl::StatusOr<size_t> Router::Default(std::string_view chain) const {
  for (const char* name : {"production", "development"}) {
    if (const auto route = IndexOf(chain, Route::Kind::kEnvironment, name)) return *route;
  }
  return absl::NotFoundError(
      Text("the chain ", chain,
           " has neither production nor development here, only: ", RoutesOf(chain)));
}

std::optional<size_t> Router::IndexOf(std::string_view chain, Route::Kind kind,
                                      std::string_view name) const {
  const Name wanted{kind, name, chain};
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), wanted,
                       [this](size_t i, const Name& wants) { return NameOf(routes_[i]) < wants; });
  if (found == by_name_.end() || NameOf(routes_[*found]) != wanted) return std::nullopt;
  return *found;
}

absl::StatusOr<size_t> Router::Choose(std::string_view chain, std::string_view environment,
                                      std::string_view deployment) const {
  if (!environment.empty() && !deployment.empty()) {
    return absl::InvalidArgumentError("an environment and a deployment are named; name one");
  }
  if (chains_.empty()) return absl::NotFoundError(ToAbsl(kNoChain));
  if (chain.empty() && !deployment.empty()) chain = ChainOf(deployment);
  if (chain.empty() && chains_.size() == 1) chain = chains_.front();
  if (chain.empty()) {
    return absl::NotFoundError(Text(deployment.empty() ? "no chain is named" : "no such deployment",
                                    "; chains here: ", Listed(chains_)));
  }
  if (std::find(chains_.begin(), chains_.end(), chain) == chains_.end()) {
    return absl::NotFoundError(Text("no chain ", chain, "; chains here: ", Listed(chains_)));
  }
  if (environment.empty() && deployment.empty()) return Default(chain);
  const auto kind = deployment.empty() ? Route::Kind::kEnvironment : Route::Kind::kDeployment;
  if (const auto route = IndexOf(chain, kind, deployment.empty() ? environment : deployment)) {
    return *route;
  }
  return absl::NotFoundError(
      Text("the chain ", chain, " has no such deployment here, only: ", RoutesOf(chain)));
}

std::string_view Router::ChainOf(std::string_view deployment) const {
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) {
    return route.kind == Route::Kind::kDeployment && route.name == deployment;
  });
  return found == routes_.end() ? std::string_view() : std::string_view(found->chain);
}

std::vector<std::string> Router::PathsOf(size_t route) const {
  const Route& wanted = routes_[route];
  std::vector<std::string> paths = {Text("/chains/", wanted.chain, wanted.Path())};
  if (wanted.kind == Route::Kind::kEnvironment) {
    paths.push_back(Text("/chains/", wanted.chain, "/environments/", wanted.name));
  }
  const absl::StatusOr<size_t> by_default = Default(wanted.chain);
  if (by_default.ok() && *by_default == route) paths.push_back(Text("/chains/", wanted.chain));
  if (chains_.size() > 1) return paths;
  const size_t with_prefix = paths.size();
  const size_t prefix = Text("/chains/", wanted.chain).size();
  for (size_t i = 0; i < with_prefix; ++i) paths.push_back(paths[i].substr(prefix));
  return paths;
}

std::string Router::RoutesOf(std::string_view chain) const {
  std::vector<std::string> names;
  for (const Route& route : routes_) {
    if (route.chain == chain) names.push_back(route.Path().substr(1));
  }
  return Listed(names);
}

}  // namespace chains::gateway
