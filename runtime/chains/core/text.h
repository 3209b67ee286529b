// Text(…): absl::StrCat that also takes std::string_view, which Debian's Abseil does not know.
//
//   Text("no chain '", name, "' here, only ", count)
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace chains {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

template <typename... Piece>
std::string Text(const Piece&... pieces) {
  const auto convert = [](const auto& piece) {
    if constexpr (std::is_same_v<std::decay_t<decltype(piece)>, std::string_view>) {
      return absl::AlphaNum(ToAbsl(piece));
    } else {
      return absl::AlphaNum(piece);
    }
  };
  return absl::StrCat(convert(pieces)...);
}

// What a status says, as the standard's view.
inline std::string_view MessageOf(const absl::Status& status) { return ToStd(status.message()); }

}  // namespace chains
