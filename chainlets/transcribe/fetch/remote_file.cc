#include "fetch/remote_file.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace transcribe {
namespace {

// What is asked for first: mostly all that says what a file is.
constexpr uint64_t kHeadBytes = 64 * 1024;

absl::Status TooLarge(uint64_t max_bytes) {
  return absl::InvalidArgumentError(
      absl::StrCat("media_url: the file has more than the allowed ", max_bytes, " bytes"));
}

// One try to open the file.
class Opening {
 public:
  explicit Opening(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  absl::Status Take(const ResponseHead& head, std::string_view bytes) {
    if (head.status() == 206) return TakeHead(head, bytes);
    if (head.length().value_or(0) > max_bytes_) return TooLarge(max_bytes_);
    if (!spool_.has_value()) {
      absl::StatusOr<Spool> spool = Spool::Make();
      if (!spool.ok()) return spool.status();
      spool_.emplace(*std::move(spool));
    }
    if (spool_->size() + bytes.size() > max_bytes_) return TooLarge(max_bytes_);
    return spool_->Append(bytes);
  }

  absl::StatusOr<OpenedFile> Finish(const std::string& url, const ResponseHead& head) {
    OpenedFile opened;
    opened.file = {.url = url, .size = 0, .version = head.version()};
    if (head.status() == 206) {
      if (head_.empty()) return absl::UnavailableError("media_url: the server sent nothing");
      opened.file.size = head.range()->size;
      opened.head = std::move(head_);
    } else if (spool_.has_value()) {
      opened.file.size = spool_->size();
      opened.whole.emplace(std::move(*spool_).Finish());
    }
    return opened;
  }

 private:
  absl::Status TakeHead(const ResponseHead& head, std::string_view bytes) {
    if (!head.range().has_value() || head.range()->first != 0) {
      return absl::InvalidArgumentError("media_url: the server sent another range than was asked");
    }
    if (head.range()->size > max_bytes_) return TooLarge(max_bytes_);
    if (head_.size() + bytes.size() > std::min(kHeadBytes, head.range()->size)) {
      return absl::InvalidArgumentError("media_url: the server sent more than was asked for");
    }
    head_.append(bytes);
    return absl::OkStatus();
  }

  const uint64_t max_bytes_;
  std::string head_;
  std::optional<Spool> spool_;
};

absl::StatusOr<OpenedFile> OpenOnce(HttpClient& client, std::string url,
                                    const FetchSettings& settings, uint64_t max_bytes) {
  for (int redirects = 0; redirects <= settings.redirects; ++redirects) {
    Opening opening(max_bytes);
    absl::StatusOr<ResponseHead> head =
        client.Get(url, ByteRange{.first = 0, .count = kHeadBytes},
                   [&](const ResponseHead& said, std::string_view bytes) {
                     return opening.Take(said, bytes);
                   });
    if (!head.ok()) return head.status();
    if (head->is_redirect()) {
      absl::StatusOr<std::string> next = FollowRedirect(url, head->location());
      if (!next.ok()) return next.status();
      url = *std::move(next);
      continue;
    }
    // No byte of an empty file can be had.
    if (head->status() == 416 && head->unsatisfied_size() == 0) return OpenedFile();
    if (absl::Status status = FromHttpStatus(head->status()); !status.ok()) return status;
    return opening.Finish(url, *head);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("media_url: more than ", settings.redirects, " redirects"));
}

}  // namespace

absl::Status FromHttpStatus(int status) {
  const std::string text = absl::StrCat("media_url: the server answers ", status);
  if (status == 200 || status == 206) return absl::OkStatus();
  if (status == 401 || status == 403) return absl::PermissionDeniedError(text);
  if (status == 404 || status == 410) return absl::NotFoundError(text);
  if (status == 429 || status >= 500) return absl::UnavailableError(text);
  return absl::InvalidArgumentError(text);
}

bool IsPassing(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable;
}

void WaitBeforeRetry(int failures, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  const std::chrono::milliseconds wait(100 << std::min(failures - 1, 5));
  never.wait_for(lock, stop, wait, [] { return false; });
}

absl::StatusOr<OpenedFile> OpenRemote(HttpClient& client, const std::string& url,
                                      const FetchSettings& settings, uint64_t max_bytes,
                                      const std::stop_token& stop) {
  for (int failures = 1;; ++failures) {
    absl::StatusOr<OpenedFile> opened = OpenOnce(client, url, settings, max_bytes);
    if (opened.ok() || !IsPassing(opened.status()) || failures >= settings.attempts) return opened;
    WaitBeforeRetry(failures, stop);
  }
}

}  // namespace transcribe
