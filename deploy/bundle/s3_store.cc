#include "deploy/bundle/s3_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <curl/curl.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"
#include "deploy/bundle/files.h"
#include "deploy/bundle/s3_answer.h"

namespace chains::deploy {
namespace {

constexpr uint64_t kMaxObject = uint64_t{5} << 30;
constexpr size_t kMaxAnswer = size_t{16} << 20;  // what is not an object
constexpr size_t kMaxListed = 2'000'000;
constexpr size_t kMaxIdle = 8;
constexpr absl::Duration kLongestWait = absl::Seconds(10);
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

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

// One request, with all its attempts.
class S3Store::Exchange {
 public:
  using Take = std::function<absl::Status(std::string_view)>;

  Exchange(std::string method, std::string url)
      : method_(std::move(method)), url_(std::move(url)) {}

  // What is sent, from an open file.
  void Send(const FileDescriptor* file, uint64_t size, std::string sha256) {
    file_ = file;
    size_ = size;
    sha256_ = std::move(sha256);
  }
  // Who takes what comes; else it is kept in body().
  void Receive(const Take* take) { take_ = take; }

  CURLcode Perform(CURL* handle, const Options& options);

  long http_status() const { return http_status_; }
  const std::string& body() const { return body_; }
  const absl::Status& failure() const { return failure_; }
  const std::string& what() const { return url_; }
  const std::string& method() const { return method_; }
  std::string ErrorText(CURLcode code) const {
    return error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
  }

 private:
  std::unique_ptr<curl_slist, ListEnd> SetHeaders(CURL* handle, const Options& options);
  void SetMethod(CURL* handle);

  static size_t OnBody(char* bytes, size_t size, size_t count, void* self) {
    return static_cast<Exchange*>(self)->TakeBody({bytes, size * count}) ? size * count : 0;
  }
  static size_t OnRead(char* to, size_t size, size_t count, void* self) {
    return static_cast<Exchange*>(self)->Give(to, size * count);
  }
  // The connection was lost before the server took it: from the beginning.
  static int OnSeek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Exchange*>(self)->sent_ = static_cast<uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
  bool TakeBody(std::string_view piece);
  size_t Give(char* to, size_t room);

  const std::string method_;
  const std::string url_;
  const FileDescriptor* file_ = nullptr;
  uint64_t size_ = 0;
  uint64_t sent_ = 0;
  std::string sha256_ = std::string(kEmptySha256);
  const Take* take_ = nullptr;
  uint64_t taken_ = 0;
  bool resumes_ = false;
  CURL* handle_ = nullptr;  // of the attempt that runs
  std::string body_;
  long http_status_ = 0;
  absl::Status failure_;  // why it was ended from here
  std::array<char, CURL_ERROR_SIZE> error_ = {};
};

CURLcode S3Store::Exchange::Perform(CURL* handle, const Options& options) {
  handle_ = handle;
  body_.clear();
  sent_ = 0;
  resumes_ = taken_ > 0;
  http_status_ = 0;
  error_[0] = '\0';
  curl_easy_reset(handle);
  curl_easy_setopt(handle, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "chains");
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                   std::max(1L, static_cast<long>(absl::ToInt64Seconds(options.stall))));
  if (!options.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, Text("aws:amz:", options.region, ":s3").c_str());
  curl_easy_setopt(handle, CURLOPT_USERNAME, options.access_key.c_str());
  curl_easy_setopt(handle, CURLOPT_PASSWORD, options.secret_key.c_str());
  SetMethod(handle);
  const auto headers = SetHeaders(handle, options);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &http_status_);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  return code;
}

void S3Store::Exchange::SetMethod(CURL* handle) {
  if (method_ == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (method_ == "PUT") {
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size_));
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, OnRead);
    curl_easy_setopt(handle, CURLOPT_READDATA, this);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, OnSeek);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, this);
  } else if (method_ != "GET") {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method_.c_str());
  }
  if (resumes_) {
    curl_easy_setopt(handle, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(taken_));
  }
}

std::unique_ptr<curl_slist, ListEnd> S3Store::Exchange::SetHeaders(CURL* handle,
                                                                   const Options& options) {
  std::unique_ptr<curl_slist, ListEnd> headers;
  const auto add = [&headers](const std::string& line) {
    if (curl_slist* more = curl_slist_append(headers.get(), line.c_str())) {
      static_cast<void>(headers.release());
      headers.reset(more);
    }
  };
  add(Text("x-amz-content-sha256: ", sha256_));
  if (method_ == "PUT") add("Expect:");  // no round trip before what is sent
  if (!options.session_token.empty()) add(Text("x-amz-security-token: ", options.session_token));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  return headers;
}

bool S3Store::Exchange::TakeBody(std::string_view piece) {
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  if (take_ != nullptr && (status == 200 || status == 206)) {
    if (resumes_ && status != 206) {
      failure_ = absl::UnavailableError(Text(url_, ": it does not go on where it was broken off"));
      return false;
    }
    failure_ = (*take_)(piece);
    taken_ += piece.size();
    return failure_.ok();
  }
  if (piece.size() > kMaxAnswer - body_.size()) {
    failure_ = absl::InternalError(Text(url_, ": the answer has more than ", kMaxAnswer, " bytes"));
    return false;
  }
  body_ += piece;
  return true;
}

size_t S3Store::Exchange::Give(char* to, size_t room) {
  const size_t want = static_cast<size_t>(std::min<uint64_t>(room, size_ - sent_));
  const ssize_t size = pread(file_->get(), to, want, static_cast<off_t>(sent_));
  if (size < 0 || (size == 0 && want > 0)) {
    failure_ = size < 0 ? FileError("read", file_->path(), errno)
                        : absl::DataLossError(Text(file_->path(), " became shorter"));
    return CURL_READFUNC_ABORT;
  }
  sent_ += static_cast<uint64_t>(size);
  return static_cast<size_t>(size);
}

// ---- S3Store

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

absl::Status S3Store::Attempt(Exchange& exchange) {
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
  Exchange exchange("PUT", UrlOf(name));
  exchange.Send(&*file, size, Hex(*sha256));
  if (absl::Status status = Attempt(exchange); !status.ok()) return status;
  if (exchange.http_status() == 200) return absl::OkStatus();
  return Refusal("PUT", exchange.what(), exchange.http_status(), exchange.body());
}

absl::Status S3Store::Get(const std::string& name,
                          const std::function<absl::Status(std::string_view)>& take) {
  if (absl::Status status = CheckName(name, "object's name"); !status.ok()) return status;
  Exchange exchange("GET", UrlOf(name));
  exchange.Receive(&take);
  if (absl::Status status = Attempt(exchange); !status.ok()) return status;
  if (exchange.http_status() == 200 || exchange.http_status() == 206) return absl::OkStatus();
  return Refusal("GET", exchange.what(), exchange.http_status(), exchange.body());
}

absl::StatusOr<bool> S3Store::Has(const std::string& name) {
  if (absl::Status status = CheckName(name, "object's name"); !status.ok()) return status;
  Exchange exchange("HEAD", UrlOf(name));
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
    Exchange exchange("GET",
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
  Exchange exchange("DELETE", UrlOf(name));
  if (absl::Status status = Attempt(exchange); !status.ok()) return status;
  const long http = exchange.http_status();
  if ((http >= 200 && http < 300) || http == 404) return absl::OkStatus();
  return Refusal("DELETE", exchange.what(), http, exchange.body());
}

}  // namespace chains::deploy
