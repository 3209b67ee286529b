#include "deploy/platform/token.h"

#include <optional>
#include <string_view>

#include <openssl/crypto.h>

namespace chains::deploy {

bool ShowsToken(const Context& context, const std::string& token) {
  const std::optional<std::string_view> shown = context.Header("chains-token");
  return shown && !token.empty() && shown->size() == token.size() &&
         CRYPTO_memcmp(shown->data(), token.data(), token.size()) == 0;
}

absl::Status CheckToken(const Context& context, const std::string& token) {
  if (ShowsToken(context, token)) return absl::OkStatus();
  return absl::PermissionDeniedError("the metadata chains-token is not the one that is expected");
}

}  // namespace chains::deploy
