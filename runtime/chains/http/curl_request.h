// CurlRequest: one request to a server as libcurl knows it.
//
//   CurlRequest request(std::move(asked), limits, std::move(box));
//   request.Prepare(address);
//   curl_multi_add_handle(multi, request.handle());
//   …
//   request.Finish(code);      // what curl_multi_info_read() said
//
// All of it on the thread of a CurlWorker.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/http/mailbox.h"
#include "chains/http/server_address.h"
#include "chains/http/transport.h"

namespace chains::http {

class CurlRequest {
 public:
  struct Limits {
    bool by_lines = false;                              // hand lines over as they come
    absl::Duration timeout = absl::InfiniteDuration();  // for all of it
    absl::Duration quiet = absl::InfiniteDuration();    // without a byte
    size_t body = size_t{256} << 20;
    size_t line = size_t{32} << 20;
  };

  CurlRequest(Request asked, Limits limits, std::shared_ptr<Mailbox> box);
  CurlRequest(const CurlRequest&) = delete;
  ~CurlRequest();

  // INVALID_ARGUMENT, UNAVAILABLE (no token): it cannot be asked.
  absl::Status Prepare(const ServerAddress& address);
  CURL* handle() const { return handle_; }

  // Into the box: what came and how it ended.
  void Finish(CURLcode code);
  void Fail(absl::Status status) { box_->End(std::move(status)); }
  // The box has room again. What is not OK is for Finish().
  CURLcode GoOn();
  // When nothing will have come for too long; never while the box is full.
  absl::Time quiet_until() const;

 private:
  absl::Status SetHeaders(const ServerAddress& address);
  void SetMethod();
  void SetTls(const ServerAddress& address);
  absl::Status SetPlace(const ServerAddress& address);
  absl::Status FailureOf(CURLcode code) const;
  size_t TakeHeader(std::string_view line);
  size_t TakeBody(std::string_view piece);
  bool TakeLines(std::string_view piece);
  void PutHead();

  static size_t OnHeader(char* bytes, size_t size, size_t count, void* self);
  static size_t OnBody(char* bytes, size_t size, size_t count, void* self);

  const Request asked_;
  const Limits limits_;
  const std::shared_ptr<Mailbox> box_;
  CURL* const handle_;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  std::string url_;
  Response response_;
  size_t header_bytes_ = 0;
  bool head_done_ = false;
  bool head_put_ = false;
  bool waits_ = false;
  std::string partial_;   // of a line
  absl::Time last_;       // when something came
  absl::Status failure_;  // why it was ended from here
  std::array<char, CURL_ERROR_SIZE> error_ = {};
};

}  // namespace chains::http
