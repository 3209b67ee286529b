// HttpClient: one GET after another, on the calling thread, over connections that it keeps. libcurl
// does the work.
//
//   HttpClient client(settings, stop);
//   absl::StatusOr<ResponseHead> head = client.Get(url, FirstBytes(1024), take);
//
// URLs come from outside: only http and https are spoken, through no proxy; the address is checked
// when it is connected to, so that a name that resolves to another one meanwhile does not get
// further; certificates are checked. Redirects are answered, not followed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fetch/networks.h"
#include "fetch/response_head.h"

namespace transcribe {

// What fetching one file may cost.
struct FetchSettings {
  Networks allowed = {};     // beside the Internet's addresses
  std::string ca_file = "";  // certificates that are trusted, as PEM; empty: the system's
  absl::Duration connect = absl::Seconds(10);
  absl::Duration stall = absl::Seconds(20);    // without a byte, seconds
  absl::Duration request = absl::Minutes(10);  // one request
  int redirects = 5;
  int attempts = 3;  // of a request that broke off, or was refused for the time being
};

// Bytes of a file that are asked for.
struct ByteRange {
  uint64_t first = 0;
  uint64_t count = 0;  // at least 1
};

// For one thread at a time, any thread.
class HttpClient {
 public:
  HttpClient(const FetchSettings& settings, std::stop_token stop);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;

  // Given pieces of the body of a 200 or 206, with the head; a failure ends the request with it.
  using Take = std::function<absl::Status(const ResponseHead&, std::string_view)>;

  // Once the body has ended. INVALID_ARGUMENT for what is no URL of http or https;
  // PERMISSION_DENIED for an address that is not allowed; NOT_FOUND for a host that is not known;
  // UNAVAILABLE when there is no connection, or it broke off; DEADLINE_EXCEEDED when the server
  // stalls; FAILED_PRECONDITION for a certificate that is not trusted; CANCELLED when asked to
  // stop.
  absl::StatusOr<ResponseHead> Get(const std::string& url, std::optional<ByteRange> range,
                                   const Take& take);

 private:
  struct Exchange;
  class Handle;

  const FetchSettings settings_;
  const std::stop_token stop_;
  std::unique_ptr<Handle> handle_;
};

// The URL that `location`, of a redirect at `url`, means. INVALID_ARGUMENT for none of http or
// https; PERMISSION_DENIED when it leads from https to http.
absl::StatusOr<std::string> FollowRedirect(const std::string& url, const std::string& location);
// OK for an absolute URL of http or https with a host; INVALID_ARGUMENT says what is wrong.
absl::Status CheckUrl(const std::string& url);

}  // namespace transcribe
