#include "gateway/app/pages.h"

#include <cstddef>
#include <utility>

#include "chains/core/text.h"
#include "gateway/app/errors.h"

namespace chains::gateway {
namespace {

constexpr size_t kUsualHeaders = 3;

}  // namespace

Response Page(std::string_view type, std::string body) {
  Response response;
  response.body = std::move(body);
  response.headers.reserve(kUsualHeaders);
  response.headers.emplace_back("Content-Type", type);
  return response;
}

Response NotAllowed(std::string_view allowed) {
  Response response =
      ErrorResponse(absl::UnimplementedError(Text("this path answers ", allowed, " only")), 405);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace chains::gateway
