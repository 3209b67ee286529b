#include "deploy/platform/cluster_secrets.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

Json ToObject(const SecretField& which, std::string_view value) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata",
           {{"name", which.name()},
            {"namespace", which.in_namespace()},
            {"labels", {{"app.kubernetes.io/managed-by", "chains-platform"}}}}},
          {"type", "Opaque"},
          {"data", {{which.field(), absl::Base64Escape(ToAbsl(value))}}}};
}

}  // namespace

// Create refuses what is there: so two who begin at once end with one.
Task<std::string> EnsureSecret(ApiClient& api, SecretField which, std::string fresh) {
  absl::StatusOr<Json> found =
      co_await Outcome(api.Get(kinds::kSecret, which.in_namespace(), which.name()));
  if (absl::IsNotFound(found.status())) {
    Json made = ToObject(which, fresh);
    found = co_await Outcome(api.Create(std::move(made)));
    if (!found.ok()) {  // somebody was quicker, or the answer was lost
      const absl::Status why = found.status();
      found = co_await Outcome(api.Get(kinds::kSecret, which.in_namespace(), which.name()));
      if (absl::IsNotFound(found.status())) co_return why;
    }
  }
  const Json secret = co_await std::move(found);
  std::string value;
  const std::string text = StringAt(secret, Text("/data/", which.field()));
  if (absl::Base64Unescape(text, &value) && !value.empty()) co_return value;
  co_return absl::DataLossError(Text("the Secret ", which.in_namespace(), "/", which.name(),
                                     " has no field ", which.field(),
                                     ": bring it back, or remove the Secret for a new one"));
}

}  // namespace chains::deploy
