// Any text as a kubeconfig: nothing escapes, and whom it names has an address or a reason.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "deploy/apiserver/kubeconfig.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace deploy = chains::deploy;
  const auto config =
      deploy::ParseKubeconfig({reinterpret_cast<const char*>(data), size}, "/nowhere/config");
  if (!config.ok()) return 0;
  deploy::Kubeconfig merged;
  merged.Merge(*config);
  merged.Merge(*config);
  if (merged.contexts.size() != config->contexts.size()) std::abort();
  for (const auto& [name, context] : config->contexts) {
    const auto address = deploy::AddressOf(*config, name);
    if (address.ok() && address->url.empty()) std::abort();
  }
  deploy::AddressOf(*config, "").status().IgnoreError();
  return 0;
}
