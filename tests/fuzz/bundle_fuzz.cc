// Any bytes as a bundle that somebody pushes: what is taken is valid, and known by one digest.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "deploy/bundle/bundle.h"

namespace chains::deploy {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void Try(std::string_view bytes) {
  const absl::StatusOr<v1::Bundle> bundle = ParseBundle(bytes);
  if (!bundle.ok()) return;
  Check(ValidateBundle(*bundle).ok());
  for (const v1::BundleFile& file : bundle->files()) {
    Check(file.path().find("..") == std::string::npos || ProblemOfPath(file.path()).empty());
    Check(file.path().front() != '/' && file.sha256().size() == 32);
  }
  const absl::StatusOr<v1::Bundle> again = ParseBundle(SerializeBundle(*bundle));
  Check(again.ok() && DigestOf(*again) == DigestOf(*bundle));
}

}  // namespace
}  // namespace chains::deploy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::deploy::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
