// Any text where PEM is expected: certificates, keys, requests. An authority signs for no key whose
// owner did not prove that it has it, and says only names that it was told.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/time/time.h"
#include "chains/grpc/authority.h"
#include "chains/grpc/certificate.h"

namespace chains {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

const Authority& TheAuthority() {
  static const auto* const authority = new Authority(*Authority::New("fuzz.local", kNow));
  return *authority;
}

void Try(const std::string& text) {
  const absl::StatusOr<internal::CertificateFacts> facts = internal::ReadCertificate(text);
  if (facts.ok() && facts->names.size() > 1000) std::abort();
  (void)internal::CheckKeyMatches(text);
  (void)Authority::FromPem(text);
  const PeerNames names = {GatewayPeer("fuzz.local")};
  const absl::StatusOr<std::string> made = TheAuthority().Certify(text, names, kNow);
  if (!made.ok()) return;
  const absl::StatusOr<internal::CertificateFacts> own = internal::ReadCertificate(*made);
  if (!own.ok() || own->names != names) std::abort();
}

}  // namespace
}  // namespace chains

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::Try(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
