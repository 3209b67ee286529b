#include "gateway/async/job.h"

#include <array>

#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "chains/core/text.h"

namespace chains::gateway {

std::string_view NameOf(JobState state) {
  constexpr std::array<std::string_view, 6> kNames = {"QUEUED", "IN_PROGRESS", "SUCCEEDED",
                                                      "FAILED", "EXPIRED",     "CANCELED"};
  return kNames[static_cast<size_t>(state)];
}

std::string_view NameOf(WebhookState state) {
  constexpr std::array<std::string_view, 5> kNames = {"NO_WEBHOOK_PROVIDED", "PENDING", "SUCCEEDED",
                                                      "FAILED", "CANCELED"};
  return kNames[static_cast<size_t>(state)];
}

std::string JobPlace::PathOf(std::string_view method) const {
  return Text("/chains/", chain, deployment ? "/deployment/" : "/environments/", name, "/", method);
}

std::string NewJobId() {
  std::array<unsigned char, 16> random{};
  // It fails only where the system gives no entropy at all; an id of zeros is refused by the store
  // as one that is there, so it can make no mistake.
  RAND_bytes(random.data(), static_cast<int>(random.size()));
  return Text("req_", absl::BytesToHexString(absl::string_view(
                          reinterpret_cast<const char*>(random.data()), random.size())));
}

}  // namespace chains::gateway
