#include "gateway/app/packing.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "gateway/body/encoding.h"
#include "gateway/body/media.h"

namespace chains::gateway {
namespace {

// What is packed already, as media are, would only cost time.
bool ShrinksWell(std::string_view content_type) {
  if (absl::StartsWithIgnoreCase(ToAbsl(content_type), "text/")) return true;
  return MediaOf(content_type) != Media::kOther;
}

bool MayBePacked(const Response& response) {
  if (response.status < 200 || response.status == 204 || response.status == 206) return false;
  if (FindHeader(response.headers, "content-encoding")) return false;
  if (FindHeader(response.headers, "accept-ranges")) return false;
  const auto type = FindHeader(response.headers, "content-type");
  return type && ShrinksWell(*type);
}

}  // namespace

Task<void> Pack(const RequestHead& head, Response& response, size_t blocking_bytes) {
  const auto accepts = head.Header("accept-encoding");
  if (!accepts || head.method == "HEAD") co_return;
  const Encoding encoding = ChosenEncoding(*accepts);
  if (encoding == Encoding::kIdentity || !MayBePacked(response)) co_return;
  if (response.pieces) {
    response.pieces = Encoded(*std::move(response.pieces), encoding);
    response.length.reset();
  } else {
    absl::StatusOr<std::string> packed;
    if (response.body.size() > blocking_bytes) {
      co_await Blocking([&] { packed = Encode(response.body, encoding); });
    } else {
      packed = Encode(response.body, encoding);
    }
    response.body = co_await std::move(packed);
  }
  response.headers.emplace_back("Content-Encoding", NameOf(encoding));
  response.headers.emplace_back("Vary", "Accept-Encoding");
}

}  // namespace chains::gateway
