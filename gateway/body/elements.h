// ElementSplitter: the elements of a JSON array that is there as a whole, one by one.
//
//   ElementSplitter elements(text);
//   while (std::optional<std::string_view> element = co_await elements.Next()) Use(*element);
//
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "chains/json/json_reader.h"

namespace chains::gateway {

// Whether a JSON text is an array, by its first character.
bool IsArray(std::string_view json);

class ElementSplitter {
 public:
  // `text` outlives it.
  explicit ElementSplitter(std::string_view text) : reader_(text) { reader_.BeginArray(); }

  // The text of the next element; nullopt at the end of the array, behind which nothing may follow.
  // INVALID_ARGUMENT with line and column: it is no array of JSON.
  absl::StatusOr<std::optional<std::string_view>> Next();

  // "element 3": the one that was answered last, counted from 1.
  std::string Where() const;

 private:
  json::JsonReader reader_;
  size_t element_ = 0;
};

}  // namespace chains::gateway
