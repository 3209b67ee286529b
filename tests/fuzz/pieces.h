// Pieces: one input of a fuzzer as several, each after two bytes that say how long it is.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace chains {

inline std::vector<std::string> PiecesOf(std::string_view bytes) {
  std::vector<std::string> pieces;
  while (bytes.size() >= 2) {
    const size_t size = static_cast<unsigned char>(bytes[0]) +
                        256 * static_cast<size_t>(static_cast<unsigned char>(bytes[1]));
    bytes.remove_prefix(2);
    pieces.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  return pieces;
}

}  // namespace chains
