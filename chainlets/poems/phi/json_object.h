// JsonObject: the members of an object in a model's JSON files, read by name.
//
//   absl::StatusOr<JsonObject> object = JsonObject::Parse(text, "m/config.json");
//   const int64_t hidden = object->Integer("hidden_size", {1, 1 << 20});
//   if (!object->ok()) return object->status();   // 'm/config.json: hidden_size is missing'
//
// Reads with chains::json::JsonReader, which builds no tree and bounds depth, so a file's size
// bounds what it costs. Keys that come twice are refused: readers differ in which of the two they
// take.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace poems::phi {

struct Bounds {
  int64_t least = 0;
  int64_t most = 0;
};

class JsonObject {
 public:
  using Members = std::map<std::string, std::string_view, std::less<>>;

  // INVALID_ARGUMENT "WHERE: line:column: problem" for what is no object. `json` outlives the
  // object, which points into it.
  static absl::StatusOr<JsonObject> Parse(std::string_view json, std::string_view where);

  // Keys and the JSON of their values; without those that are null.
  const Members& members() const { return members_; }
  bool Has(std::string_view key) const { return members_.contains(key); }

  // The member's value; `otherwise` where it is missing or null. What has another type or lies out
  // of bounds, or is missing without an `otherwise`, makes status() say so: the first one stays.
  int64_t Integer(std::string_view key, Bounds bounds, std::optional<int64_t> otherwise = {});
  double Number(std::string_view key, std::optional<double> otherwise = {});
  bool Bool(std::string_view key, std::optional<bool> otherwise = {});
  std::string String(std::string_view key, std::optional<std::string> otherwise = {});
  // At most `most` of them.
  std::vector<double> Numbers(std::string_view key, size_t most);
  // The JSON of each element; none where it is missing.
  std::vector<std::string_view> Elements(std::string_view key);
  // nullopt where it is missing or (see status()) no object.
  std::optional<JsonObject> Object(std::string_view key);

  // Fails with "WHERE: KEY PROBLEM", e.g. "must be even"; unless something failed before.
  void Refuse(std::string_view key, std::string_view problem);
  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

 private:
  explicit JsonObject(std::string_view where) : where_(where) {}
  std::optional<std::string_view> Find(std::string_view key, bool required);

  std::string where_;
  Members members_;
  absl::Status status_;
};

}  // namespace poems::phi
