// Assets that a manifest names by URL: what must hold for them, and how they get into a bundle.
//
//   absl::StatusOr<std::vector<UrlAsset>> assets = UrlAssetsOf(bundle);
//   for (const UrlAsset& asset : *assets) …fetch it: fetch.h… AddAsset(asset, size, bundle);
//
// Who pushes does not send them: the platform fetches each once, and its bundle then has them as
// files, beside those that came by path. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/v1/bundle.pb.h"

namespace chains::deploy {

struct UrlAsset {
  std::string who;  // "the asset 'weights' of shop.Price (main.cc:3)", for messages
  std::string name;
  std::string url;
  std::string sha256;  // 32 bytes
};

// Whether an asset's source is a URL; else it is a path.
bool IsUrl(std::string_view source);

// INVALID_ARGUMENT: its scheme is none of http, https and file, its name cannot be a file's, or it
// has no sha256.
absl::StatusOr<UrlAsset> ToUrlAsset(const v1::Chainlet& chainlet, const v1::Asset& asset);

// Those that are not among the files of a valid bundle, each once. INVALID_ARGUMENT: as above, or
// another asset has the same name.
absl::StatusOr<std::vector<UrlAsset>> UrlAssetsOf(const v1::Bundle& bundle);

// The file assets/NAME.
void AddAsset(const UrlAsset& asset, uint64_t size, v1::Bundle& bundle);

}  // namespace chains::deploy
