// Any bytes as a program: nothing outside them is read, and what comes out has an end.
#include <cstdint>
#include <cstdlib>

#include "deploy/bundle/elf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace deploy = chains::deploy;
  const absl::Span<const char> bytes(reinterpret_cast<const char*>(data), size);
  const auto elf = deploy::ReadElf(bytes);
  if (!elf.ok()) return 0;
  if (!deploy::IsElf(bytes)) std::abort();
  size_t names = elf->soname.size() + elf->rpath.size();
  for (const auto& name : elf->needed) names += name.size();
  if (elf->needed.size() * 16 > size) std::abort();  // each takes an entry of its own
  // Names may overlap, but each lies inside.
  if (names > (elf->needed.size() + 2) * size) std::abort();
  return 0;
}
