// FakeBundles: a platform's bundles, with all that can go wrong on the way to them.
//
//   FakeBundles platform;
//   const std::string digest = platform.Add(bundle, {{"hello", "the program"}});
//   platform.cut_after = 10;         // each download breaks after so many bytes
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "chains/core/notice.h"
#include "chains/v1/pods.chains.h"
#include "deploy/bundle/bundle.h"
#include "deploy/bundle/digest.h"
#include "tests/deploy/bundle/bundles.h"

namespace chains::deploy {

class FakeBundles final : public v1::Bundles {
 public:
  struct Asked {
    std::string sha256;
    uint64_t offset;
  };

  // A bundle whose program is "hello", with these files beside it: path → content.
  v1::Bundle Make(const std::string& program, const std::map<std::string, std::string>& more = {}) {
    v1::Bundle bundle = HelloBundle(program);
    contents[Sha256Of(program)] = program;
    for (const auto& [path, content] : more) {
      AddFile(bundle, path, content);
      contents[Sha256Of(content)] = content;
    }
    indexes[DigestOf(bundle)] = bundle;
    return bundle;
  }

  Task<v1::Bundle> Find(v1::FindBundleRequest request) override {
    ++finds;
    if (away > 0 && away-- > 0) co_return absl::UnavailableError("nobody listens");
    const auto found = indexes.find(request.digest());
    if (found == indexes.end()) co_return absl::NotFoundError("no such bundle");
    co_return found->second;
  }

  Stream<v1::DownloadedPiece> Download(v1::DownloadRequest request) override {
    asked.push_back({request.sha256(), request.offset()});
    ++open;
    most_open = std::max(most_open, open);
    const std::unique_ptr<int, void (*)(int*)> closes(&open, [](int* count) { --*count; });
    while (held) co_await released.Wait();
    std::string content = contents[request.sha256()];
    if (wrong > 0 && wrong-- > 0) content[0] = static_cast<char>(~content[0]);
    size_t sent = 0;
    for (size_t at = request.offset(); at < content.size(); at += piece) {
      if (sent >= cut_after) co_await absl::UnavailableError("the connection broke");
      v1::DownloadedPiece next;
      next.set_data(content.substr(at, piece));
      sent += next.data().size();
      co_yield std::move(next);
    }
  }

  // What a fetcher connects to.
  std::shared_ptr<v1::Bundles> Connect() {
    ++connections;
    return std::shared_ptr<v1::Bundles>(this, [](v1::Bundles*) {});
  }
  size_t AskedFor(const std::string& content) const {
    return static_cast<size_t>(std::count_if(
        asked.begin(), asked.end(),
        [sha256 = Sha256Of(content)](const Asked& each) { return each.sha256 == sha256; }));
  }

  std::map<std::string, v1::Bundle> indexes;    // by digest
  std::map<std::string, std::string> contents;  // by SHA-256
  std::vector<Asked> asked;                     // downloads
  int connections = 0;
  int finds = 0;
  int away = 0;   // so many Find() are not answered
  int wrong = 0;  // so many downloads have another first byte
  size_t cut_after = std::numeric_limits<size_t>::max();
  size_t piece = 4;
  bool held = false;  // downloads begin when this is false, and `released` was given
  Notice released;
  int open = 0, most_open = 0;  // downloads at a time
};

}  // namespace chains::deploy
