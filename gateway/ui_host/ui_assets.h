// UiAssets: the files of the page, as they were built into the program, and as they go out.
//
//   const UiAssets& assets = EmbeddedUi();
//   if (const UiAsset* asset = assets.Find("index.html")) return assets.Answer(head, *asset);
//
// Each is there plain, and packed where that is smaller: the client gets what it likes best. A file
// below assets/ has a digest in its name, so it is kept for good; what may change is asked for
// again, by its ETag.
#pragma once

#include <span>
#include <string_view>

#include "gateway/http/message.h"

namespace chains::gateway {

// Views into the program, or into what outlives it.
struct UiAsset {
  std::string_view path;    // "index.html", "assets/index-3f2a.js"
  std::string_view type;    // "text/html; charset=utf-8"
  std::string_view digest;  // of the plain bytes, in hexadecimal; the page's version
  std::string_view plain;
  std::string_view gzip = {};    // empty: no smaller than `plain`
  std::string_view brotli = {};  // RFC 7932; the same
};

// Immutable: any thread may use it.
class UiAssets {
 public:
  explicit UiAssets(std::span<const UiAsset> assets) : assets_(assets) {}

  // Null: there is none. `path` is without a slash before it; empty: the page itself.
  const UiAsset* Find(std::string_view path) const;
  bool empty() const { return assets_.empty(); }

 private:
  std::span<const UiAsset> assets_;  // by path, growing
};

// 200, or 304 for who has it, to a GET or HEAD.
Response AnswerWith(const UiAsset& asset, const RequestHead& head);

// Those of gateway/ui; where that could not be built, a page that says so (the library
// chains::ui_assets).
const UiAssets& EmbeddedUi();

}  // namespace chains::gateway
