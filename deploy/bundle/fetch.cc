#include "deploy/bundle/fetch.h"

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include <curl/curl.h>

#include "chains/core/text.h"
#include "deploy/bundle/files.h"

namespace chains::deploy {
namespace {

constexpr long kMaxRedirects = 5;

struct EasyEnd {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct UrlEnd {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct TextEnd {
  void operator()(char* text) const { curl_free(text); }
};
using Url = std::unique_ptr<CURLU, UrlEnd>;

// A part of a URL, decoded; empty without.
std::string PartOf(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, CURLU_URLDECODE) != CURLUE_OK) return "";
  const std::unique_ptr<char, TextEnd> owner(text);
  return text;
}

absl::Status TooLarge(const FetchOptions& options) {
  return absl::FailedPreconditionError(
      Text(options.url, " is larger than ", options.max_bytes, " bytes, the most that is fetched"));
}

absl::StatusOr<uint64_t> Commit(const FetchOptions& options, BlobStore::Writer& writer) {
  const uint64_t size = writer.written();
  absl::Status done = writer.Commit();
  if (absl::IsInvalidArgument(done)) {
    return absl::FailedPreconditionError(
        Text(options.url, " is not the file that was declared: ", MessageOf(done)));
  }
  if (!done.ok()) return done;
  return size;
}

// Not by libcurl, which would wait for who writes into a pipe.
absl::StatusOr<uint64_t> FetchLocal(BlobStore& store, const FetchOptions& options,
                                    const std::string& path, FetchProgress& progress,
                                    const std::stop_token& stop) {
  absl::StatusOr<FileDescriptor> source = OpenForReading(path);
  if (!source.ok()) return source.status();
  struct stat info;
  if (fstat(source->get(), &info) != 0) return FileError("read", path, errno);
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > options.max_bytes) return TooLarge(options);
  progress.total = size;
  absl::StatusOr<BlobStore::Writer> writer = store.Begin(options.sha256, size);
  if (!writer.ok()) return writer.status();
  absl::Status read = ReadPieces(*source, [&](std::string_view piece) {
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    progress.bytes += piece.size();
    return writer->Append(piece);
  });
  if (!read.ok()) return read;
  return Commit(options, *writer);
}

// By HTTP. Broken off, it goes on where it was, as long as each attempt brings something.
class Download {
 public:
  Download(BlobStore& store, const FetchOptions& options, FetchProgress& progress,
           const std::stop_token& stop)
      : store_(store), options_(options), progress_(progress), stop_(stop) {}

  absl::StatusOr<uint64_t> Run() {
    for (int resumed = 0;; ++resumed) {
      const uint64_t before = written();
      const CURLcode code = Attempt();
      if (code == CURLE_OK) break;
      if (!failure_.ok()) return failure_;
      if (code == CURLE_RANGE_ERROR || (before > 0 && http_status_ == 416)) {
        writer_.reset();  // it cannot say the rest alone
      } else if (written() == before || !IsBroken(code)) {
        return Failure(code);
      }
      if (resumed >= options_.resumptions) return Failure(code);
    }
    if (!writer_) Begin(0);  // it is empty
    if (!failure_.ok()) return failure_;
    return Commit(options_, *writer_);
  }

 private:
  uint64_t written() const { return writer_ ? writer_->written() : 0; }

  static bool IsBroken(CURLcode code) {
    return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
           code == CURLE_OPERATION_TIMEDOUT || code == CURLE_HTTP2_STREAM;
  }

  CURLcode Attempt() {
    const std::unique_ptr<CURL, EasyEnd> handle(curl_easy_init());
    if (handle == nullptr) return CURLE_OUT_OF_MEMORY;
    CURL* const curl = curl_ = handle.get();
    error_[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "chains");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(absl::ToInt64Milliseconds(options_.connect)));
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(absl::ToInt64Seconds(options_.stall)));
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(written()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, TakeBody);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, Look);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status_);
    curl_ = nullptr;
    return code;
  }

  static size_t TakeBody(char* bytes, size_t size, size_t count, void* to) {
    Download& download = *static_cast<Download*>(to);
    return download.Take({bytes, size * count}) ? size * count : 0;
  }

  // About once a second, and with all that comes.
  static int Look(void* of, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    Download& download = *static_cast<Download*>(of);
    if (!download.stop_.stop_requested()) return 0;
    download.failure_ = absl::CancelledError("stopped");
    return 1;
  }

  bool Take(std::string_view piece) {
    if (!writer_) {
      curl_off_t length = -1;
      curl_easy_getinfo(curl_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      Begin(length);
    }
    if (failure_.ok() && piece.size() > options_.max_bytes - written()) {
      failure_ = TooLarge(options_);
    }
    if (failure_.ok()) failure_ = writer_->Append(piece);
    if (!failure_.ok()) return false;
    progress_.bytes = written();
    return true;
  }

  // A negative length is one that the server does not say.
  void Begin(int64_t length) {
    const bool known = length >= 0;
    if (known && static_cast<uint64_t>(length) > options_.max_bytes) {
      failure_ = TooLarge(options_);
      return;
    }
    progress_.total = known ? static_cast<uint64_t>(length) : 0;
    absl::StatusOr<BlobStore::Writer> writer =
        known ? store_.Begin(options_.sha256, static_cast<uint64_t>(length))
              : store_.BeginUpTo(options_.sha256, options_.max_bytes);
    failure_ = writer.status();
    if (writer.ok()) writer_.emplace(*std::move(writer));
  }

  absl::Status Failure(CURLcode code) const {
    const std::string& url = options_.url;
    const std::string why = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
    switch (code) {
      case CURLE_HTTP_RETURNED_ERROR:
        if (http_status_ == 404 || http_status_ == 410) {
          return absl::NotFoundError(Text("there is nothing at ", url, " (HTTP ", http_status_,
                                          "); is it spelled right?"));
        }
        if (http_status_ >= 500) {
          return absl::UnavailableError(
              Text(url, " cannot be had now: HTTP ", http_status_, "; push again later"));
        }
        return absl::FailedPreconditionError(
            Text(url, " cannot be had: HTTP ", http_status_,
                 "; the platform fetches it without a key: give a URL that needs none"));
      case CURLE_UNSUPPORTED_PROTOCOL:
      case CURLE_TOO_MANY_REDIRECTS:
        return absl::FailedPreconditionError(
            Text(url, " leads where it is not followed: ", why, "; give the place itself"));
      case CURLE_URL_MALFORMAT:
        return absl::InvalidArgumentError(Text(url, " is no URL: ", why));
      case CURLE_OPERATION_TIMEDOUT:
        return absl::DeadlineExceededError(
            Text(url, ": ", why, "; is the platform's machine connected to it?"));
      default:
        return absl::UnavailableError(Text("cannot fetch ", url, ": ", why, BytesText()));
    }
  }

  std::string BytesText() const {
    return written() == 0 ? "" : Text(", after ", written(), " bytes; push again");
  }

  BlobStore& store_;
  const FetchOptions& options_;
  FetchProgress& progress_;
  const std::stop_token& stop_;
  CURL* curl_ = nullptr;  // of the attempt that runs
  std::optional<BlobStore::Writer> writer_;
  absl::Status failure_;  // why it was ended from here
  long http_status_ = 0;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace

absl::StatusOr<uint64_t> Fetch(BlobStore& store, const FetchOptions& options,
                               FetchProgress& progress, const std::stop_token& stop) {
  if (const std::optional<uint64_t> size = store.Find(options.sha256)) return *size;
  const Url url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, options.url.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
      CURLUE_OK) {
    return absl::InvalidArgumentError(
        Text(options.url, " is no URL, as https://example.com/weights.bin is"));
  }
  const std::string scheme = PartOf(url, CURLUPART_SCHEME);
  if (scheme == "file") {
    return FetchLocal(store, options, PartOf(url, CURLUPART_PATH), progress, stop);
  }
  if (scheme != "http" && scheme != "https") {
    return absl::InvalidArgumentError(
        Text(options.url, " cannot be fetched; give a URL of http, https or file"));
  }
  return Download(store, options, progress, stop).Run();
}

}  // namespace chains::deploy
