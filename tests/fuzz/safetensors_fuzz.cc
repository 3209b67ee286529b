// Any bytes as a safetensors file: tensors that are taken lie inside it, each byte of data in one.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "phi/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto tensors = poems::phi::ParseSafeTensors(file, "file");
  if (!tensors.ok()) return 0;
  uint64_t header = 0;
  std::memcpy(&header, data, sizeof(header));
  uint64_t covered = sizeof(header) + header;
  for (const auto& [name, tensor] : *tensors) {
    if (tensor.begin < sizeof(header) + header || tensor.begin > size ||
        tensor.size > size - tensor.begin)
      std::abort();
    covered += tensor.size;
  }
  if (covered != size) std::abort();
  return 0;
}
