// EmbeddedUi() of a build without npm. The text is that of no_page.html.
#include <array>

#include "gateway/ui_host/ui_assets.h"

namespace chains::gateway {
namespace {

constexpr std::array<UiAsset, 1> kAssets = {{{
    .path = "index.html",
    .type = "text/html; charset=utf-8",
    .digest = "no-page",
    .plain = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>chains</title>
<h1>The page is not in this build</h1>
<p>It is built with the gateway where nodejs (18 or later) and npm are installed: <code>./dev setup</code> installs them,
then <code>./dev build</code>. All else works: chains are called as ever, and <code>chains --help</code> has what the page shows.</p>
</html>
)",
}}};

}  // namespace

const UiAssets& EmbeddedUi() {
  static const UiAssets assets(kAssets);
  return assets;
}

}  // namespace chains::gateway
