// S3Exchange: one request to an S3 store, with all its attempts. Implementation detail of
// s3_store.h.
//
//   S3Exchange exchange("GET", url);
//   exchange.Receive(&take);
//   CURLcode code = exchange.Perform(handle, options);     // once more, where it was broken off
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <curl/curl.h>

#include "absl/status/status.h"
#include "deploy/bundle/files.h"
#include "deploy/bundle/s3_store.h"

namespace chains::deploy {

inline constexpr std::string_view kSha256OfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// Not thread-safe.
class S3Exchange {
 public:
  using Take = std::function<absl::Status(std::string_view)>;

  S3Exchange(std::string method, std::string url)
      : method_(std::move(method)), url_(std::move(url)) {}

  // What is sent, from an open file.
  void Send(const FileDescriptor* file, uint64_t size, std::string sha256) {
    file_ = file;
    size_ = size;
    sha256_ = std::move(sha256);
  }
  // Who takes what comes; else it is kept in body().
  void Receive(const Take* take) { take_ = take; }

  CURLcode Perform(CURL* handle, const S3Store::Options& options);

  long http_status() const { return http_status_; }
  const std::string& body() const { return body_; }
  const absl::Status& failure() const { return failure_; }
  const std::string& what() const { return url_; }
  const std::string& method() const { return method_; }
  std::string ErrorText(CURLcode code) const {
    return error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
  }

 private:
  struct ListEnd {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using Headers = std::unique_ptr<curl_slist, ListEnd>;

  Headers SetHeaders(CURL* handle, const S3Store::Options& options);
  void SetMethod(CURL* handle);

  static size_t OnBody(char* bytes, size_t size, size_t count, void* self) {
    return static_cast<S3Exchange*>(self)->TakeBody({bytes, size * count}) ? size * count : 0;
  }
  static size_t OnRead(char* to, size_t size, size_t count, void* self) {
    return static_cast<S3Exchange*>(self)->Give(to, size * count);
  }
  // The connection was lost before the server took it: from the beginning.
  static int OnSeek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<S3Exchange*>(self)->sent_ = static_cast<uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
  bool TakeBody(std::string_view piece);
  size_t Give(char* to, size_t room);

  const std::string method_;
  const std::string url_;
  const FileDescriptor* file_ = nullptr;
  uint64_t size_ = 0;
  uint64_t sent_ = 0;
  std::string sha256_ = std::string(kSha256OfNothing);
  const Take* take_ = nullptr;
  uint64_t taken_ = 0;
  bool resumes_ = false;
  CURL* handle_ = nullptr;  // of the attempt that runs
  std::string body_;
  long http_status_ = 0;
  absl::Status failure_;  // why it was ended from here
  std::array<char, CURL_ERROR_SIZE> error_ = {};
};

}  // namespace chains::deploy
