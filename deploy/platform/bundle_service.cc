#include "deploy/platform/bundle_service.h"

#include <utility>

#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"
#include "deploy/platform/token.h"

namespace chains::deploy {
namespace {

// An open file and its size.
struct OpenFile {
  FileDescriptor file;
  uint64_t size = 0;
};

absl::StatusOr<OpenFile> Open(BlobStore& blobs, const std::string& sha256) {
  const std::optional<uint64_t> size = blobs.Find(sha256);
  absl::StatusOr<FileDescriptor> file = blobs.OpenBlob(sha256);
  if (!file.ok()) return file.status();
  return OpenFile{.file = *std::move(file), .size = size.value_or(0)};
}

}  // namespace

absl::Status BundleService::MayAsk(const Context& context) const {
  if (ShowsToken(context, gateway_token_)) return absl::OkStatus();
  for (const auto& [id, deployment] : model_.deployments) {
    if (ShowsToken(context, deployment->record.token())) return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      "the metadata chains-token is that of no deployment, and not the gateways'");
}

Task<v1::Bundle> BundleService::Find(v1::FindBundleRequest request) {
  co_await MayAsk((co_await chains::internal::Here()).context());
  co_await Sha256FromHex(request.digest()).status();
  absl::StatusOr<v1::Bundle> bundle = absl::UnknownError("not read");
  co_await Blocking([&] { bundle = blobs_.GetBundle(request.digest()); });
  co_return bundle;
}

Stream<v1::DownloadedPiece> BundleService::Download(v1::DownloadRequest request) {
  co_await MayAsk((co_await chains::internal::Here()).context());
  if (request.sha256().size() != kSha256Size) {
    co_await absl::InvalidArgumentError(
        Text("sha256 has ", request.sha256().size(), " bytes, not ", kSha256Size));
  }
  OpenFile open = co_await Blocking([&] { return Open(blobs_, request.sha256()); });
  uint64_t offset = request.offset();
  if (offset > open.size) {
    co_await absl::InvalidArgumentError(
        Text("offset ", offset, ": the file has ", open.size, " bytes"));
  }
  while (offset < open.size) {
    std::string data = co_await Blocking([&] { return ReadAt(open.file, offset, kPiece); });
    if (data.empty()) {
      co_await absl::DataLossError(Text(open.file.path(), " ends after ", offset, " of ", open.size,
                                        " bytes; check the platform's disk, and push again"));
    }
    offset += data.size();
    v1::DownloadedPiece piece;
    piece.set_data(std::move(data));
    co_yield std::move(piece);
  }
}

}  // namespace chains::deploy
