#include "gateway/http/page_check.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr size_t kStatusLine = sizeof("HTTP/1.1 200") - 1;

struct Page {
  sockaddr_in address = {};
  std::string host;  // with the port
  std::string path;
};

class CheckSocket {
 public:
  CheckSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  ~CheckSocket() {
    if (fd_ >= 0) ::close(fd_);
  }
  CheckSocket(const CheckSocket&) = delete;
  CheckSocket& operator=(const CheckSocket&) = delete;
  int get() const { return fd_; }

  absl::Status Await(short events, absl::Time deadline) const {
    pollfd wait = {.fd = fd_, .events = events, .revents = 0};
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0) {
      return absl::UnavailableError("there was no answer in time");
    }
    return absl::OkStatus();
  }

 private:
  const int fd_;
};

absl::Status Refused(int error) { return absl::UnavailableError(std::strerror(error)); }

absl::StatusOr<Page> Parse(std::string_view url) {
  const absl::Status wrong = absl::InvalidArgumentError(Text(
      url, " is no page: http://127.0.0.1:8080/healthz is expected, with an address in digits"));
  if (!url.starts_with(kScheme)) return wrong;
  const std::string_view rest = url.substr(kScheme.size());
  const size_t slash = rest.find('/');
  const size_t colon = rest.find(':');
  if (slash == std::string_view::npos || colon >= slash) return wrong;
  Page page{.host = std::string(rest.substr(0, slash)), .path = std::string(rest.substr(slash))};
  uint32_t port = 0;
  if (!absl::SimpleAtoi(ToAbsl(rest.substr(colon + 1, slash - colon - 1)), &port) || port == 0 ||
      port > 65535) {
    return wrong;
  }
  page.address.sin_family = AF_INET;
  page.address.sin_port = htons(static_cast<uint16_t>(port));
  const std::string host(rest.substr(0, colon));
  if (::inet_pton(AF_INET, host.c_str(), &page.address.sin_addr) != 1) return wrong;
  return page;
}

absl::Status Connect(const CheckSocket& socket, const Page& page, absl::Time deadline) {
  const auto* address = reinterpret_cast<const sockaddr*>(&page.address);
  if (::connect(socket.get(), address, sizeof(page.address)) == 0) return absl::OkStatus();
  if (errno != EINPROGRESS) return Refused(errno);
  if (absl::Status connected = socket.Await(POLLOUT, deadline); !connected.ok()) return connected;
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return error == 0 ? absl::OkStatus() : Refused(error);
}

// The answer's first characters, up to its status.
absl::StatusOr<std::string> Ask(const Page& page, absl::Time deadline) {
  const CheckSocket socket;
  if (socket.get() < 0) return Refused(errno);
  if (absl::Status connected = Connect(socket, page, deadline); !connected.ok()) return connected;
  const std::string request =
      Text("GET ", page.path, " HTTP/1.1\r\nHost: ", page.host, "\r\nConnection: close\r\n\r\n");
  // A new connection takes so few bytes at once.
  const ssize_t sent = ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return Refused(errno);
  std::string line;
  while (line.size() < kStatusLine) {
    if (absl::Status came = socket.Await(POLLIN, deadline); !came.ok()) return came;
    char bytes[kStatusLine];
    const ssize_t got = ::recv(socket.get(), bytes, sizeof(bytes) - line.size(), 0);
    if (got == 0) return absl::UnavailableError("the connection was closed");
    if (got < 0) return Refused(errno);
    line.append(bytes, static_cast<size_t>(got));
  }
  return line;
}

}  // namespace

absl::Status CheckPage(std::string_view url, absl::Duration timeout) {
  const absl::StatusOr<Page> page = Parse(url);
  if (!page.ok()) return page.status();
  const absl::StatusOr<std::string> line = Ask(*page, absl::Now() + timeout);
  if (!line.ok()) return absl::UnavailableError(Text(url, ": ", MessageOf(line.status())));
  if (line->starts_with("HTTP/1.") && line->ends_with(" 200")) return absl::OkStatus();
  return absl::UnavailableError(Text(url, " answers ", *line));
}

}  // namespace chains::gateway
