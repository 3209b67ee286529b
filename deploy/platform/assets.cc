#include "deploy/platform/assets.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "chains/core/notice.h"
#include "chains/core/text.h"
#include "deploy/bundle/fetch.h"

namespace chains::deploy {
namespace {

constexpr size_t kAtATime = 4;
constexpr size_t kMaxWaiting = 100;
constexpr absl::Duration kNoteEvery = absl::Seconds(2);

// Three digits of it.
std::string Amount(double amount) {
  return amount >= 100 ? absl::StrFormat("%.0f", amount) : absl::StrFormat("%.3g", amount);
}

// "fetching weights 12.3 of 99 MiB"; a total of 0 is one that nobody knows.
std::string NoteOf(const UrlAsset& asset, uint64_t bytes, uint64_t total) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  const auto most = static_cast<double>(std::max(bytes, total));
  size_t unit = 0;
  double scale = 1;
  while (most / scale >= 1024 && unit + 1 < std::size(kUnits)) {
    scale *= 1024;
    ++unit;
  }
  const std::string of =
      total == 0 ? "" : Text("of ", Amount(static_cast<double>(total) / scale), " ");
  return Text("fetching ", asset.name, " ", Amount(static_cast<double>(bytes) / scale), " ", of,
              kUnits[unit]);
}

class Tick final : public Loop::Timer {
 public:
  explicit Tick(Notice& notice) : notice_(notice) {}
  void Fire() override { notice_.Give(); }

 private:
  Notice& notice_;
};

}  // namespace

// One file on its way. The loop's, but for `progress` and `stop`.
struct Assets::Download {
  FetchProgress progress;
  std::stop_source stop;
  std::optional<absl::StatusOr<uint64_t>> size;  // once it has ended
  Notice changed;
  int waiters = 0;
};

// Somebody who needs the file.
class Assets::Waiter {
 public:
  explicit Waiter(std::shared_ptr<Download> download) : download_(std::move(download)) {
    ++download_->waiters;
  }
  Waiter(const Waiter&) = delete;
  ~Waiter() {
    if (--download_->waiters == 0) download_->stop.request_stop();
  }

 private:
  std::shared_ptr<Download> download_;
};

Assets::Assets(BlobStore& blobs)
    : blobs_(blobs), workers_({.threads = kAtATime, .max_queued = kMaxWaiting}) {}

Assets::~Assets() {
  for (const auto& [sha256, download] : downloads_) {
    if (const std::shared_ptr<Download> running = download.lock()) running->stop.request_stop();
  }
}

// Null: nobody fetches it now.
std::shared_ptr<Assets::Download> Assets::Find(const UrlAsset& asset) {
  std::erase_if(downloads_, [](const auto& each) { return each.second.expired(); });
  const auto found = downloads_.find(asset.sha256);
  if (found == downloads_.end()) return nullptr;
  std::shared_ptr<Download> download = found->second.lock();
  const bool goes_on = !download->size && !download->stop.stop_requested();
  return goes_on ? download : nullptr;
}

absl::StatusOr<std::shared_ptr<Assets::Download>> Assets::Begin(Loop& loop, const UrlAsset& asset) {
  auto download = std::make_shared<Download>();
  const bool taken = workers_.Submit([this, &loop, download, asset]() mutable {
    absl::StatusOr<uint64_t> size = Fetch(blobs_, {.url = asset.url, .sha256 = asset.sha256},
                                          download->progress, download->stop.get_token());
    loop.Post([download = std::move(download), size = std::move(size)]() mutable {
      download->size = std::move(size);
      download->changed.Give();
    });
  });
  if (!taken) return absl::ResourceExhaustedError("too much is fetched already; push again later");
  downloads_[asset.sha256] = download;
  return download;
}

Stream<std::string> Assets::Complete(v1::Bundle* bundle) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  const std::vector<UrlAsset> assets = co_await UrlAssetsOf(*bundle);
  for (const UrlAsset& asset : assets) {
    std::shared_ptr<Download> download = Find(asset);
    if (download == nullptr) download = co_await Begin(here.loop(), asset);
    const Waiter waiter(download);
    Tick tick(download->changed);
    absl::Time next_note = here.loop().Now() + kNoteEvery;
    while (!download->size) {
      here.loop().Arm(tick, next_note);
      co_await download->changed.Wait();
      if (download->size || here.loop().Now() < next_note) continue;
      next_note = here.loop().Now() + kNoteEvery;
      std::string note = NoteOf(asset, download->progress.bytes, download->progress.total);
      co_yield std::move(note);
    }
    if (const absl::Status& ended = download->size->status(); !ended.ok()) {
      co_await absl::Status(ended.code(), Text(asset.who, ": ", MessageOf(ended)));
    }
    AddAsset(asset, **download->size, *bundle);
  }
}

}  // namespace chains::deploy
