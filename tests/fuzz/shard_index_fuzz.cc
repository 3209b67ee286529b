// Any text as the index of a model's shards: no file that is taken leads out of the folder.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "phi/shard_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto index =
      poems::phi::ParseShardIndex({reinterpret_cast<const char*>(data), size}, "index");
  if (!index.ok()) return 0;
  if (index->empty()) std::abort();
  for (const auto& [tensor, file] : *index) {
    const std::filesystem::path path(file);
    if (path.filename() != path || path.extension() != ".safetensors") std::abort();
    if (file.find('\0') != file.npos) std::abort();
  }
  return 0;
}
