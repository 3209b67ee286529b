// Any header Authorization: nobody comes in but with the key.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
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

// Behind what counts as space: any that is ASCII, although HTTP lets only two of them through.
bool HasKey(std::string_view header) {
  for (size_t at = header.find('k'); at != std::string_view::npos; at = header.find('k', at + 1)) {
    if (at > 0 && absl::ascii_isspace(static_cast<unsigned char>(header[at - 1]))) return true;
  }
  return false;
}

void Try(std::string_view header) {
  const auto found = FindKey(TheKeys(), header, v1::KEY_SCOPE_INVOKE, absl::Now());
  if (found.ok() && !HasKey(header)) std::abort();
  if (FindKey(TheKeys(), header, v1::KEY_SCOPE_MANAGE, absl::Now()).ok()) std::abort();
  (void)ParseScope(header);
}

}  // namespace
}  // namespace chains::deploy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::deploy::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
