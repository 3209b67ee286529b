#include "deploy/bundle/s3_exchange.h"

#include <cerrno>
#include <unistd.h>

#include "absl/time/time.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxAnswer = size_t{16} << 20;  // what is not an object

}  // namespace

CURLcode S3Exchange::Perform(CURL* handle, const S3Store::Options& options) {
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

void S3Exchange::SetMethod(CURL* handle) {
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

S3Exchange::Headers S3Exchange::SetHeaders(CURL* handle, const S3Store::Options& options) {
  Headers headers;
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

bool S3Exchange::TakeBody(std::string_view piece) {
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

size_t S3Exchange::Give(char* to, size_t room) {
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

}  // namespace chains::deploy
