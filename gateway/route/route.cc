#include "gateway/route/route.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kDeployment = "deployment";

bool IsName(std::string_view name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                              std::string_view::npos;
}

// Segments that begin a path of another kind.
bool IsReserved(std::string_view name) {
  return name == "chains" || name == "environments" || name == kDeployment;
}

absl::Status Bad(std::string_view text, std::string_view problem) {
  return absl::InvalidArgumentError(Text("'", text, "': ", problem));
}

}  // namespace

std::string Route::ToString() const { return Text(chain, Path()); }

std::string Route::Path() const {
  return kind == Kind::kDeployment ? Text("/", kDeployment, "/", name) : Text("/", name);
}

absl::StatusOr<RouteFlag> ParseRouteFlag(std::string_view text) {
  constexpr std::string_view kForm =
      "CHAIN/ENVIRONMENT=ADDRESS or CHAIN/deployment/ID=ADDRESS is expected";
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return Bad(text, kForm);
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(text.substr(0, equals)), '/');
  const bool is_deployment = parts.size() == 3 && parts[1] == kDeployment;
  if (parts.size() != 2 && !is_deployment) return Bad(text, kForm);
  RouteFlag flag;
  flag.route = {.chain = parts.front(),
                .kind = is_deployment ? Route::Kind::kDeployment : Route::Kind::kEnvironment,
                .name = parts.back()};
  if (!IsName(flag.route.chain) || !IsName(flag.route.name)) {
    return Bad(text, "names are made of letters, digits, '_' and '-'");
  }
  if (!is_deployment && IsReserved(flag.route.name)) {
    return Bad(text, Text("no environment can be called '", flag.route.name, "'"));
  }
  flag.addresses = absl::StrSplit(ToAbsl(text.substr(equals + 1)), ',');
  for (const std::string& address : flag.addresses) {
    if (address.empty()) return Bad(text, "an address is empty");
  }
  return flag;
}

}  // namespace chains::gateway
