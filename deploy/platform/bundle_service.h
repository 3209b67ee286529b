// BundleService: the files of bundles, for those that run them (chains.v1.Bundles).
//
//   BundleService bundles(model, blobs, gateway_token);
//   server->Serve(0, Contract<v1::Bundles>::Serve(bundles));
//
// Who asks shows the token of any deployment, or the gateways'. A file is read on worker threads,
// a piece at a time: the next is read when the last was sent, so a caller that is slow, or many of
// them, cost a piece of memory each.
#pragma once

#include <cstddef>
#include <string>

#include "chains/v1/pods.chains.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/platform/model.h"

namespace chains::deploy {

// On the platform's loop. `model` and `blobs` outlive it.
class BundleService final : public v1::Bundles {
 public:
  static constexpr size_t kPiece = size_t{1} << 20;

  BundleService(Model& model, BlobStore& blobs, std::string gateway_token)
      : model_(model), blobs_(blobs), gateway_token_(std::move(gateway_token)) {}

  // INVALID_ARGUMENT: that is no digest. NOT_FOUND: there is no such bundle.
  Task<v1::Bundle> Find(v1::FindBundleRequest request) override;
  // INVALID_ARGUMENT: that is no SHA-256, or the file has fewer bytes than `offset`. NOT_FOUND: no
  // bundle has such a file.
  Stream<v1::DownloadedPiece> Download(v1::DownloadRequest request) override;

 private:
  absl::Status MayAsk(const Context& context) const;

  Model& model_;
  BlobStore& blobs_;
  const std::string gateway_token_;
};

}  // namespace chains::deploy
