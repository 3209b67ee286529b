// Everything that a splitter answers for a body in pieces, as one line of text each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/core/text.h"

namespace chains::gateway {

// Appends what `part` is; false when it ends the body.
template <typename Splitter>
bool Note(const Splitter& splitter, const absl::StatusOr<std::optional<std::string_view>>& part,
          std::vector<std::string>& to) {
  if (!part.ok()) to.emplace_back(part.status().ToString());
  if (!part.ok() || !*part) return false;
  to.push_back(Text(splitter.Where(), ": ", **part));
  return true;
}

// The body ends with the last of `pieces`.
template <typename Splitter>
std::vector<std::string> Split(Splitter splitter, const std::vector<std::string>& pieces) {
  std::vector<std::string> parts;
  for (const std::string& piece : pieces) {
    splitter.Add(piece);
    absl::StatusOr<std::optional<std::string_view>> part = splitter.Next();
    while (Note(splitter, part, parts)) part = splitter.Next();
    if (!part.ok()) return parts;
  }
  Note(splitter, splitter.Last(), parts);
  return parts;
}

// Every byte a piece.
inline std::vector<std::string> ByteByByte(std::string_view text) {
  std::vector<std::string> pieces;
  for (const char c : text) pieces.emplace_back(1, c);
  return pieces;
}

}  // namespace chains::gateway
