// UiSettings: what a gateway needs to serve its page.
//
//   UiSettings settings{.assets = &EmbeddedUi(), .platform = &channel};
#pragma once

#include <string>

#include "chains/contract/channel.h"
#include "gateway/ui_host/sign_in.h"
#include "gateway/ui_host/ui_assets.h"

namespace chains::gateway {

struct UiSettings {
  // Outlive the gateway. Without `assets` there is no page.
  const UiAssets* assets = nullptr;
  // Reaches chains.v1.Platform; null: there is none, and the page can call chains and no more.
  Channel* platform = nullptr;
  // Instead of `assets` the files in here are served, read anew for each request: for who writes
  // the page. Empty: none.
  std::string folder = {};
  SignIn::Options sign_in = {};
};

}  // namespace chains::gateway
