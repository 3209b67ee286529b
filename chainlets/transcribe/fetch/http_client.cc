#include "fetch/http_client.h"

#include <arpa/inet.h>
#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <curl/curl.h>

#include "absl/strings/str_cat.h"
#include "chains/core/text.h"

namespace transcribe {
namespace {

constexpr size_t kLongestHead = 64 * 1024;
constexpr long kReceiveBuffer = 64 * 1024;

std::string Printed(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes =
      address.sa_family == AF_INET
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
          : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  return inet_ntop(address.sa_family, bytes, text, sizeof(text)) == nullptr ? "?" : text;
}

absl::Status FromCurl(CURLcode code) {
  const std::string text = absl::StrCat("media_url: ", curl_easy_strerror(code));
  switch (code) {
    case CURLE_OK:
      return absl::OkStatus();
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return absl::InvalidArgumentError(text);
    case CURLE_COULDNT_RESOLVE_HOST:
      return absl::NotFoundError(text);
    case CURLE_OPERATION_TIMEDOUT:
      return absl::DeadlineExceededError(
          absl::StrCat("media_url: the server stalls, or takes too long"));
    case CURLE_ABORTED_BY_CALLBACK:
      return absl::CancelledError("nobody waits for this recording any more");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
      return absl::FailedPreconditionError(text);
    default:
      return absl::UnavailableError(text);
  }
}

}  // namespace

// One request, as curl's callbacks see it.
struct HttpClient::Exchange {
  const FetchSettings& settings;
  const std::stop_token& stop;
  const Take& take;
  ResponseHead head = {};
  size_t head_bytes = 0;
  absl::Status failure = absl::OkStatus();

  static size_t OnLine(char* line, size_t size, size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.head_bytes += size * count;
    if (exchange.head_bytes > kLongestHead) {
      exchange.failure = absl::InvalidArgumentError("media_url: the server's headers are too long");
      return 0;
    }
    exchange.head.AddLine(std::string_view(line, size * count));
    return size * count;
  }
  static size_t OnBody(char* bytes, size_t size, size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    // What else a server says has been said by its status. Read on, to keep the connection, but not
    // for long.
    if (exchange.head.status() != 200 && exchange.head.status() != 206) {
      exchange.head_bytes += size * count;
      return exchange.head_bytes > kLongestHead ? 0 : size * count;
    }
    exchange.failure = exchange.take(exchange.head, std::string_view(bytes, size * count));
    return exchange.failure.ok() ? size * count : 0;
  }
  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Exchange*>(self)->stop.stop_requested() ? 1 : 0;
  }
  // At the time of connecting: this is the address that the connection goes to.
  static curl_socket_t OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (!exchange.settings.allowed.Allows(address->addr)) {
      exchange.failure = absl::PermissionDeniedError(
          absl::StrCat("media_url: media may not be fetched from ", Printed(address->addr),
                       "; the operator can allow its network with the variable MEDIA_NETWORKS"));
      return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
};

class HttpClient::Handle {
 public:
  Handle() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    curl_ = curl_easy_init();
  }
  ~Handle() { curl_easy_cleanup(curl_); }
  Handle(const Handle&) = delete;

  bool ok() const { return curl_ != nullptr; }

  CURLcode Perform(const std::string& url, const std::string& range, Exchange& exchange) {
    curl_easy_reset(curl_);  // its connections stay
    Set(CURLOPT_URL, url.c_str());
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_PROXY, "");
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_USERAGENT, "chains-transcribe");
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_BUFFERSIZE, kReceiveBuffer);
    if (!range.empty()) Set(CURLOPT_RANGE, range.c_str());
    const FetchSettings& settings = exchange.settings;
    if (!settings.ca_file.empty()) Set(CURLOPT_CAINFO, settings.ca_file.c_str());
    Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(settings.connect)));
    Set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(settings.request)));
    Set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    Set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(absl::ToInt64Seconds(settings.stall)));
    Set(CURLOPT_HEADERFUNCTION, &Exchange::OnLine);
    Set(CURLOPT_HEADERDATA, &exchange);
    Set(CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
    Set(CURLOPT_WRITEDATA, &exchange);
    Set(CURLOPT_XFERINFOFUNCTION, &Exchange::OnProgress);
    Set(CURLOPT_XFERINFODATA, &exchange);
    Set(CURLOPT_NOPROGRESS, 0L);
    Set(CURLOPT_OPENSOCKETFUNCTION, &Exchange::OnSocket);
    Set(CURLOPT_OPENSOCKETDATA, &exchange);
    return refused_ == CURLE_OK ? curl_easy_perform(curl_) : refused_;
  }

 private:
  // An option that this build of curl does not know must not be left out in silence.
  template <typename Value>
  void Set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(curl_, option, value);
    if (code != CURLE_OK) refused_ = code;
  }

  CURL* curl_ = nullptr;
  CURLcode refused_ = CURLE_OK;
};

HttpClient::HttpClient(const FetchSettings& settings, std::stop_token stop)
    : settings_(settings), stop_(std::move(stop)), handle_(std::make_unique<Handle>()) {}

HttpClient::~HttpClient() = default;

absl::StatusOr<ResponseHead> HttpClient::Get(const std::string& url, std::optional<ByteRange> range,
                                             const Take& take) {
  if (!handle_->ok()) return absl::ResourceExhaustedError("media_url: no memory");
  if (absl::Status status = CheckUrl(url); !status.ok()) return status;
  std::string bytes;
  if (range.has_value()) {
    bytes = absl::StrCat(range->first, "-", range->first + (range->count - 1));
  }
  Exchange exchange{.settings = settings_, .stop = stop_, .take = take};
  const CURLcode code = handle_->Perform(url, bytes, exchange);
  if (!exchange.failure.ok() && code != CURLE_OK) return exchange.failure;
  // What a server says beside its refusal may break off.
  const bool refused = exchange.head.status() >= 300;
  if (code != CURLE_OK && !(refused && code == CURLE_WRITE_ERROR)) return FromCurl(code);
  return exchange.head;
}

}  // namespace transcribe
