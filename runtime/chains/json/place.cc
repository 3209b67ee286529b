#include "chains/json/place.h"

#include "absl/strings/escaping.h"
#include "chains/core/text.h"

namespace chains::json {
namespace {

constexpr size_t kShown = 40;

// The value at the beginning of `text`, shortened.
std::string Shown(std::string_view text) {
  if (text.starts_with('{')) return "an object";
  if (text.starts_with('[')) return "a list";
  JsonReader reader(text);
  if (!reader.Skip()) return "this";
  if (reader.offset() <= kShown) return std::string(text.substr(0, reader.offset()));
  return text.starts_with('"') ? "such a long string" : "such a long number";
}

}  // namespace

std::string PathOf(const Place& place) {
  if (place.above == nullptr) return "";
  const std::string above = PathOf(*place.above);
  if (place.element >= 0) return Text(above, "[", place.element, "]");
  if (place.is_key) return Text(above, "[\"", absl::Utf8SafeCEscape(ToAbsl(place.name)), "\"]");
  return above.empty() ? std::string(place.name) : Text(above, ".", place.name);
}

bool FailAt(JsonReader& in, size_t offset, const Place& place, std::string_view problem) {
  const std::string path = PathOf(place);
  return in.Fail(offset, path.empty() ? std::string(problem) : Text(path, ": ", problem));
}

bool FailOn(JsonReader& in, size_t offset, const Place& place, std::string_view expected) {
  return FailAt(in, offset, place,
                Text(expected, " is expected, not ", Shown(in.text().substr(offset))));
}

bool FailOnNext(JsonReader& in, const Place& place, std::string_view expected) {
  if (in.Peek() == JsonReader::Kind::kNothing) return false;
  return FailOn(in, in.offset(), place, expected);
}

}  // namespace chains::json
