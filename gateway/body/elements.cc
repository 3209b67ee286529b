#include "gateway/body/elements.h"

#include "chains/core/text.h"

namespace chains::gateway {

bool IsArray(std::string_view json) {
  const size_t first = json.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && json[first] == '[';
}

absl::StatusOr<std::optional<std::string_view>> ElementSplitter::Next() {
  if (!reader_.NextElement()) {
    reader_.Finish();
    if (!reader_.ok()) return reader_.status();
    return std::nullopt;
  }
  reader_.Peek();  // past the space before it
  const size_t begin = reader_.offset();
  if (!reader_.Skip()) return reader_.status();
  ++element_;
  return reader_.text().substr(begin, reader_.offset() - begin);
}

std::string ElementSplitter::Where() const { return Text("element ", element_); }

}  // namespace chains::gateway
