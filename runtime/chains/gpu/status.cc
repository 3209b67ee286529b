#include "chains/gpu/status.h"

#include <cstring>
#include <string_view>

#include "chains/core/text.h"

namespace chains::gpu {

absl::Status StatusOf(const abi::Error& error) {
  const std::string_view message(error.message, strnlen(error.message, sizeof(error.message)));
  const bool known = error.code > 0 && error.code <= 16;
  return {known ? static_cast<absl::StatusCode>(error.code) : absl::StatusCode::kInternal,
          message.empty() ? absl::string_view("a GPU module failed and does not say why")
                          : ToAbsl(message)};
}

}  // namespace chains::gpu
