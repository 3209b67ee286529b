#include "gateway/ui_host/ui_assets.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "chains/core/text.h"
#include "gateway/app/pages.h"
#include "gateway/body/range.h"
#include "gateway/ui_host/accepted_coding.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kIndex = "index.html";
constexpr std::string_view kHashed = "assets/";

struct Form {
  std::string_view name;  // as Content-Encoding has it; empty: plain
  std::string_view bytes;
};

// The first of those that are there, from the smallest on, which the client takes.
Form FormFor(const UiAsset& asset, const RequestHead& head) {
  const std::string_view accepts = head.Header("accept-encoding").value_or("");
  const std::array<Form, 2> packed = {Form{.name = "br", .bytes = asset.brotli},
                                      Form{.name = "gzip", .bytes = asset.gzip}};
  for (const Form& form : packed) {
    if (!form.bytes.empty() && AcceptsCoding(accepts, form.name)) return form;
  }
  return {.name = "", .bytes = asset.plain};
}

}  // namespace

const UiAsset* UiAssets::Find(std::string_view path) const {
  if (path.empty()) path = kIndex;
  const auto found = std::lower_bound(
      assets_.begin(), assets_.end(), path,
      [](const UiAsset& asset, std::string_view wanted) { return asset.path < wanted; });
  return found != assets_.end() && found->path == path ? &*found : nullptr;
}

Response AnswerWith(const UiAsset& asset, const RequestHead& head) {
  const Form form = FormFor(asset, head);
  // Another form is other bytes, and so has another tag (RFC 9110, 8.8.3.3).
  const std::string etag =
      form.name.empty() ? std::string(asset.digest) : Text(asset.digest, "-", form.name);
  const auto known = head.Header("if-none-match");
  const bool is_known = known && ListsEtag(*known, etag);
  Response response = Page(asset.type, is_known ? "" : std::string(form.bytes));
  if (is_known) {
    response.status = 304;
  } else if (!form.name.empty()) {
    response.headers.emplace_back("Content-Encoding", form.name);
  }
  const bool is_hashed = asset.path.starts_with(kHashed);
  response.headers.emplace_back("Cache-Control",
                                is_hashed ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.emplace_back("ETag", Text("\"", etag, "\""));
  response.headers.emplace_back("Vary", "Accept-Encoding");
  return response;
}

}  // namespace chains::gateway
