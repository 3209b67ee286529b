#include "gateway/async/curl_webhooks.h"

#include <array>
#include <memory>
#include <unistd.h>

#include <curl/curl.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kMostOfAnswer = 16 << 10;  // nobody reads it

struct EasyCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, ListFree>;

// What the callbacks of one transfer know.
struct Transfer {
  Reach reach;
  std::stop_token stop;
  size_t received = 0;
  bool refused = false;
};

curl_socket_t OpenSocket(void* data, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(data);
  if (transfer.reach == Reach::kPublic && !IsPublic(address->addr)) {
    transfer.refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

size_t TakeBody(char*, size_t size, size_t count, void* data) {
  auto& transfer = *static_cast<Transfer*>(data);
  transfer.received += size * count;
  return transfer.received > kMostOfAnswer ? 0 : size * count;
}

int Progress(void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(data)->stop.stop_requested() ? 1 : 0;
}

Headers HeadersOf(const WebhookMessage& message) {
  Headers headers;
  const auto add = [&](const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers.get(), line.c_str());
    if (longer != nullptr) {
      headers.release();
      headers.reset(longer);
    }
  };
  for (const auto& [name, value] : message.headers) add(Text(name, ": ", value));
  add("Expect:");  // no round more before the body
  return headers;
}

void SetUp(CURL* handle, const WebhookMessage& message, const curl_slist* headers,
           Transfer& transfer, const CurlWebhooks::Options& options) {
  curl_easy_setopt(handle, CURLOPT_URL, message.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_POST, 1L);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, message.body.data());
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(message.body.size()));
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options.connect_timeout)));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options.timeout)));
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, Progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
}

// Once, before threads need it.
bool InitCurl() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

}  // namespace

CurlWebhooks::CurlWebhooks(Options options) : options_(options) { InitCurl(); }

Told CurlWebhooks::Tell(const WebhookMessage& message, std::stop_token stop) {
  const std::unique_ptr<CURL, EasyCleanup> handle(curl_easy_init());
  if (handle == nullptr) return {.error = "out of memory"};
  Transfer transfer{.reach = options_.reach, .stop = std::move(stop)};
  const Headers headers = HeadersOf(message);
  std::array<char, CURL_ERROR_SIZE> why{};
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, why.data());
  SetUp(handle.get(), message, headers.get(), transfer, options_);
  const CURLcode code = curl_easy_perform(handle.get());
  if (transfer.refused) {
    // Not final: the name may lead elsewhere another time.
    return {.error = "its address is private (--webhook-allow-private)"};
  }
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  // An answer that is long is an answer.
  const bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && status != 0);
  if (!answered) return {.error = why[0] == '\0' ? curl_easy_strerror(code) : why.data()};
  const bool fine = status >= 200 && status < 300;
  return {.status = static_cast<int>(status), .error = fine ? "" : Text("it answered ", status)};
}

}  // namespace chains::gateway
