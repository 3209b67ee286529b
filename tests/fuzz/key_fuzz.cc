// Any header Authorization: nobody comes in but with the key.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/state/keys.h"

namespace chains::deploy {
namespace {

const std::vector<state::KeyRecord>& TheKeys() {
  static const auto* const keys = new std::vector<state::KeyRecord>([] {
    std::vector<state::KeyRecord> made(1);
    made[0].set_sha256(HashKey("k"));
    made[0].add_scopes(v1::KEY_SCOPE_INVOKE);
    return made;
  }());
  return *keys;
}

void Try(std::string_view header) {
  const auto found = FindKey(TheKeys(), header, v1::KEY_SCOPE_INVOKE, absl::Now());
  const bool has_key =
      header.find(" k") != std::string_view::npos || header.find("\tk") != std::string_view::npos;
  if (found.ok() && !has_key) std::abort();
  if (FindKey(TheKeys(), header, v1::KEY_SCOPE_MANAGE, absl::Now()).ok()) std::abort();
  (void)ParseScope(header);
}

}  // namespace
}  // namespace chains::deploy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::deploy::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
