#include "deploy/bundle/url_assets.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "deploy/bundle/bundle.h"
#include "deploy/bundle/digest.h"

namespace chains::deploy {
namespace {

std::string PathOf(const UrlAsset& asset) { return Text("assets/", asset.name); }

bool IsPossible(std::string_view url) {
  const std::string scheme = absl::AsciiStrToLower(ToAbsl(url.substr(0, url.find("://"))));
  return scheme == "http" || scheme == "https" || scheme == "file";
}

absl::Status TwoOfOneName(const UrlAsset& asset) {
  return absl::InvalidArgumentError(Text(
      asset.who, ": another asset of this name has other content; give one of them another name"));
}

// Whether the bundle has it already.
absl::StatusOr<bool> IsIn(const v1::Bundle& bundle, const UrlAsset& asset) {
  const std::string path = PathOf(asset);
  for (const v1::BundleFile& file : bundle.files()) {
    if (file.path() == path) {
      if (file.sha256() == asset.sha256) return true;
      return TwoOfOneName(asset);
    }
    if (absl::StartsWith(file.path(), Text(path, "/"))) return TwoOfOneName(asset);
  }
  return false;
}

}  // namespace

bool IsUrl(std::string_view source) { return source.find("://") != source.npos; }

absl::StatusOr<UrlAsset> ToUrlAsset(const v1::Chainlet& chainlet, const v1::Asset& asset) {
  UrlAsset made{.who = Text("the asset '", asset.name(), "' of ", chainlet.name(), " (",
                            chainlet.declared_at(), ")"),
                .name = asset.name(),
                .url = asset.source(),
                .sha256 = ""};
  const std::string problem =
      absl::StrContains(made.name, "/") ? "has a '/' in it" : ProblemOfPath(PathOf(made));
  if (!problem.empty()) return absl::InvalidArgumentError(Text(made.who, ": its name ", problem));
  if (!IsPossible(made.url)) {
    return absl::InvalidArgumentError(
        Text(made.who, ": ", made.url, " cannot be fetched; give a URL of http, https or file"));
  }
  if (asset.sha256().empty()) {
    return absl::InvalidArgumentError(
        Text(made.who,
             ": a URL needs a sha256, because what is there may be another file tomorrow; "
             "it is the first word of: curl -L ",
             made.url, " | sha256sum"));
  }
  absl::StatusOr<std::string> sha256 = Sha256FromHex(asset.sha256());
  if (!sha256.ok()) {
    return absl::InvalidArgumentError(Text(made.who, ": sha256: ", MessageOf(sha256.status())));
  }
  made.sha256 = *std::move(sha256);
  return made;
}

absl::StatusOr<std::vector<UrlAsset>> UrlAssetsOf(const v1::Bundle& bundle) {
  std::vector<UrlAsset> assets;
  for (const v1::Chainlet& chainlet : bundle.manifest().chainlets()) {
    for (const v1::Asset& declared : chainlet.assets()) {
      if (!IsUrl(declared.source())) continue;
      absl::StatusOr<UrlAsset> asset = ToUrlAsset(chainlet, declared);
      if (!asset.ok()) return asset.status();
      const auto same = std::find_if(assets.begin(), assets.end(), [&](const UrlAsset& other) {
        return other.name == asset->name;
      });
      if (same != assets.end()) {
        if (same->sha256 != asset->sha256) return TwoOfOneName(*asset);
        continue;
      }
      absl::StatusOr<bool> there = IsIn(bundle, *asset);
      if (!there.ok()) return there.status();
      if (!*there) assets.push_back(*std::move(asset));
    }
  }
  return assets;
}

void AddAsset(const UrlAsset& asset, uint64_t size, v1::Bundle& bundle) {
  v1::BundleFile& file = *bundle.add_files();
  file.set_path(PathOf(asset));
  file.set_sha256(asset.sha256);
  file.set_size(size);
  std::sort(bundle.mutable_files()->begin(), bundle.mutable_files()->end(),
            [](const v1::BundleFile& a, const v1::BundleFile& b) { return a.path() < b.path(); });
}

}  // namespace chains::deploy
