#include "phi/shard_index.h"

#include <optional>

#include "chains/core/text.h"
#include "phi/json_object.h"

namespace poems::phi {
namespace {

using chains::Text;

// Nothing that leads out of the folder.
bool IsShardName(std::string_view name) {
  constexpr std::string_view kSuffix = ".safetensors";
  return name.size() > kSuffix.size() && name.ends_with(kSuffix) && name.size() <= 255 &&
         name.front() != '.' && name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

}  // namespace

absl::StatusOr<ShardIndex> ParseShardIndex(std::string_view json, std::string_view where) {
  absl::StatusOr<JsonObject> object = JsonObject::Parse(json, where);
  if (!object.ok()) return object.status();
  std::optional<JsonObject> map = object->Object("weight_map");
  if (object->ok() && (!map || map->members().empty()))
    object->Refuse("weight_map", "is missing or empty: it must name the file of each tensor");
  if (!object->ok()) return object->status();
  ShardIndex index;
  for (const auto& [tensor, value] : map->members()) {
    std::string file = map->String(tensor);
    if (!map->ok()) return map->status();
    if (!IsShardName(file))
      return absl::InvalidArgumentError(
          Text(where, ": tensor ", tensor, ": its file \"", file.substr(0, 80),
               "\" must be the name of a .safetensors file in the same folder"));
    index.emplace(tensor, std::move(file));
  }
  return index;
}

}  // namespace poems::phi
