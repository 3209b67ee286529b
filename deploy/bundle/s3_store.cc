#include "deploy/bundle/s3_store.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <utility>

#include <curl/curl.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"
#include "deploy/bundle/files.h"
#include "deploy/bundle/s3_answer.h"
#include "deploy/bundle/s3_exchange.h"

namespace chains::deploy {
namespace {

constexpr uint64_t kMaxObject = uint64_t{5} << 30;
constexpr size_t kMaxListed = 2'000'000;
constexpr size_t kMaxIdle = 8;
constexpr absl::Duration kLongestWait = absl::Seconds(10);

bool MayBeInName(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '-' || c == '.' ||
         c == '_';
}

absl::Status CheckName(std::string_view name, std::string_view what) {
  if (!std::all_of(name.begin(), name.end(), MayBeInName) || name.find("//") != name.npos ||
      name.starts_with('/') || absl::StrContains(ToAbsl(Text("/", name, "/")), "/../") ||
      absl::StrContains(ToAbsl(Text("/", name, "/")), "/./")) {
    return absl::InvalidArgumentError(
        Text("'", name, "' is no ", what, ": letters, digits, '/', '-', '.' and '_' are possible"));
  }
  return absl::OkStatus();
}

// As AWS encodes what is signed: all but letters, digits and -._~.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      escaped += c;
    } else {
      escaped += Text("%", absl::AsciiStrToUpper(absl::StrCat(absl::Hex(byte, absl::kZeroPad2))));
    }
  }
  return escaped;
}

}  // namespace

S3Store::S3Store(Options options) : options_(std::move(options)) {}

S3Store::~S3Store() {
  for (void* handle : idle_) curl_easy_cleanup(handle);
}

absl::StatusOr<std::unique_ptr<S3Store>> S3Store::Make(Options options) {
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  if (!options.endpoint.starts_with("https://") && !options.endpoint.starts_with("http://")) {
    return absl::InvalidArgumentError(
        Text("'", options.endpoint, "' is no endpoint, as https://s3.example.com is"));
  }
  if (options.bucket.empty() || absl::StrContains(options.bucket, "/")) {
    return absl::InvalidArgumentError(Text("'", options.bucket, "' is no bucket"));
  }
  for (const std::string* part : {&options.bucket, &options.prefix}) {
    if (absl::Status status = CheckName(*part, "part of an object's name"); !status.ok())
      return status;
  }
  if (!options.prefix.empty() && !options.prefix.ends_with('/')) options.prefix += '/';
  if (options.access_key.empty() || options.secret_key.empty() || options.region.empty()) {
    return absl::InvalidArgumentError("access key, secret key and region are needed");
  }
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (once != CURLE_OK) return absl::InternalError(curl_easy_strerror(once));
  return std::unique_ptr<S3Store>(new S3Store(std::move(options)));
}

std::string S3Store::UrlOf(const std::string& name) const {
  return Text(options_.endpoint, "/", options_.bucket, "/", options_.prefix, name);
}

absl::Status S3Store::Attempt(S3Exchange& exchange) {
  CURL* handle = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      handle = idle_.back();
      idle_.pop_back();
    }
  }
  if (handle == nullptr) handle = curl_easy_init();
  if (handle == nullptr) return absl::ResourceExhaustedError("libcurl has no memory left");
  absl::Status status;
  absl::Duration wait = options_.first_wait;
  for (int attempt = 1;; ++attempt) {
    const CURLcode code = exchange.Perform(handle, options_);
    const long http = exchange.http_status();
    status = exchange.failure();
    if (!status.ok()) break;
    const bool passing = code != CURLE_OK || http >= 500 || http == 429 || http == 408;
    if (!passing) break;
    status = absl::UnavailableError(
        Text("cannot ", exchange.method(), " ", exchange.what(), ": ",
             code != CURLE_OK ? exchange.ErrorText(code)
                              : Text("HTTP ", http, " ", ParseS3Error(exchange.body()).message),
             ", after ", attempt, attempt == 1 ? " attempt" : " attempts"));
    if (attempt >= options_.attempts) break;
    absl::SleepFor(wait);
    wait = std::min(wait * 2, kLongestWait);
  }
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdle) {
    idle_.push_back(handle);
  } else {
    curl_easy_cleanup(handle);
  }
  return status;
}

namespace {

// What an answer of the store means that is not what was hoped for.
absl::Status Refusal(std::string_view method, std::string_view url, long http,
                     const std::string& body) {
  const S3Error error = ParseS3Error(body);
  const std::string what =
      Text("cannot ", method, " ", url, ": HTTP ", http, " ", error.code, ": ", error.message);
  if (error.code == "NoSuchBucket") {
    return absl::FailedPreconditionError(Text(what, "; make the bucket"));
  }
  if (http == 404) return absl::NotFoundError(what);
  if (http == 401 || http == 403) {
    return absl::PermissionDeniedError(
        Text(what, "; check the keys, the bucket's policy and this machine's clock"));
  }
  return absl::FailedPreconditionError(what);
}

}  // namespace

absl::Status S3Store::Put(const std::string& name, const std::string& path) {
  if (absl::Status status = CheckName(name, "object's name"); !status.ok()) return status;
  absl::StatusOr<FileDescriptor> file = OpenForReading(path);
  if (!file.ok()) return file.status();
  struct stat info;
  if (fstat(file->get(), &info) != 0) return FileError("read", path, errno);
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > kMaxObject) {
    return absl::FailedPreconditionError(
        Text(path, " has ", size, " bytes; an object has at most ", kMaxObject));
  }
  absl::StatusOr<std::string> sha256 = Sha256OfFile(path);
  if (!sha256.ok()) return sha256.status();
  S3Exchange exchange("PUT", UrlOf(name));
  exchange.Send(&*file, size, Hex(*sha256));
  if (absl::Status status = Attempt(exchange); !status.ok()) return status;
  if (exchange.http_status() == 200) return absl::OkStatus();
  return Refusal("PUT", exchange.what(), exchange.http_status(), exchange.body());
}

absl::Status S3Store::Get(const std::string& name,
                          const std::function<absl::Status(std::string_view)>& take) {
  if (absl::Status status = CheckName(name, "object's name"); !status.ok()) return status;
  S3Exchange exchange("GET", UrlOf(name));
  exchange.Receive(&take);
  if (absl::Status status = Attempt(exchange); !status.ok()) return status;
  if (exchange.http_status() == 200 || exchange.http_status() == 206) return absl::OkStatus();
  return Refusal("GET", exchange.what(), exchange.http_status(), exchange.body());
}

absl::StatusOr<bool> S3Store::Has(const std::string& name) {
  if (absl::Status status = CheckName(name, "object's name"); !status.ok()) return status;
  S3Exchange exchange("HEAD", UrlOf(name));
  if (absl::Status status = Attempt(exchange); !status.ok()) return status;
  if (exchange.http_status() == 200) return true;
  if (exchange.http_status() == 404) return false;
  return Refusal("HEAD", exchange.what(), exchange.http_status(), "");
}

absl::StatusOr<std::vector<ObjectStore::Found>> S3Store::List(const std::string& prefix) {
  if (absl::Status status = CheckName(prefix, "beginning of a name"); !status.ok()) return status;
  std::vector<Found> all;
  std::string next;
  do {
    // In the order in which it is signed.
    S3Exchange exchange("GET",
                        Text(options_.endpoint, "/", options_.bucket, "?",
                             next.empty() ? "" : Text("continuation-token=", Escaped(next), "&"),
                             "list-type=2&prefix=", Escaped(options_.prefix + prefix)));
    if (absl::Status status = Attempt(exchange); !status.ok()) return status;
    if (exchange.http_status() != 200) {
      return Refusal("list", exchange.what(), exchange.http_status(), exchange.body());
    }
    absl::StatusOr<S3Page> page = ParseS3Page(exchange.body());
    if (!page.ok()) return page.status();
    for (Found& found : page->objects) {
      if (!found.name.starts_with(options_.prefix)) continue;
      found.name.erase(0, options_.prefix.size());
      all.push_back(std::move(found));
    }
    next = std::move(page->next);
    if (all.size() > kMaxListed) {
      return absl::ResourceExhaustedError(
          Text(exchange.what(), ": there are more than ", kMaxListed, " objects"));
    }
  } while (!next.empty());
  return all;
}

absl::Status S3Store::Delete(const std::string& name) {
  if (absl::Status status = CheckName(name, "object's name"); !status.ok()) return status;
  S3Exchange exchange("DELETE", UrlOf(name));
  if (absl::Status status = Attempt(exchange); !status.ok()) return status;
  const long http = exchange.http_status();
  if ((http >= 200 && http < 300) || http == 404) return absl::OkStatus();
  return Refusal("DELETE", exchange.what(), http, exchange.body());
}

}  // namespace chains::deploy
