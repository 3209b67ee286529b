#include "gateway/openapi/names.h"

#include "absl/strings/ascii.h"
#include "chains/core/text.h"

namespace chains::gateway::openapi {

std::string CamelCase(std::string_view words) {
  std::string name;
  bool begins_word = false;
  for (const char c : words) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_isalnum(byte)) {
      begins_word = !name.empty();
    } else {
      name += begins_word ? absl::ascii_toupper(byte) : c;
      begins_word = false;
    }
  }
  return name;
}

std::string OperationIds::Unique(std::string_view words) {
  const std::string name = CamelCase(words);
  std::string unique = name;
  for (int i = 2; !given_.insert(unique).second; ++i) unique = Text(name, i);
  return unique;
}

}  // namespace chains::gateway::openapi
