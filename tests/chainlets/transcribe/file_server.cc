#include "file_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace transcribe {
namespace {

bool SendAll(int client, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

// Up to the empty line; "" when the client is gone.
std::string ReadHead(int client) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n")) {
    if (recv(client, &byte, 1, 0) != 1) return "";
    head.push_back(byte);
  }
  return head;
}

FileServer::Request Parse(const std::string& head) {
  FileServer::Request request;
  request.path = std::vector<std::string>(absl::StrSplit(head, ' ')).at(1);
  const size_t range = head.find("Range: bytes=");
  if (range != head.npos) {
    char* end = nullptr;
    const uint64_t first = std::strtoull(head.c_str() + range + 13, &end, 10);
    request.range.emplace(first, std::strtoull(end + 1, nullptr, 10));
  }
  return request;
}

}  // namespace

FileServer::FileServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  listen(listener_, 16);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { Accept(); });
}

FileServer::~FileServer() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    for (int client : clients_) shutdown(client, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  threads_.clear();  // joins
  for (int client : clients_) close(client);
  close(listener_);
}

std::string FileServer::Url(std::string_view path) const {
  return absl::StrCat("http://127.0.0.1:", port_, std::string(path));
}

void FileServer::Accept() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    std::lock_guard lock(mutex_);
    clients_.push_back(client);
    if (ending_) return;
    ++connections_;
    threads_.emplace_back([this, client] { Serve(client); });
  }
}

void FileServer::Serve(int client) {
  while (true) {
    const std::string head = ReadHead(client);
    if (head.empty()) return;
    Request request = Parse(head);
    request.number = ++requests_;
    const Answer answer = handler_(request);
    if (!SendAll(client, answer.bytes)) return;
    if (answer.then == Answer::Then::kHold) continue;
    if (answer.then == Answer::Then::kClose) {
      shutdown(client, SHUT_RDWR);
      return;
    }
  }
}

FileServer::Answer Ranges(std::string_view file, const FileServer::Request& request,
                          std::atomic<uint64_t>* served, std::string_view etag) {
  if (!request.range.has_value() || file.empty() || request.range->first >= file.size()) {
    return {absl::StrCat("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */",
                         file.size(), "\r\nContent-Length: 0\r\n\r\n")};
  }
  const auto [first, asked] = *request.range;
  const uint64_t last = std::min<uint64_t>(asked, file.size() - 1);
  const std::string body(file.substr(first, last - first + 1));
  if (served != nullptr) *served += body.size();
  return {absl::StrCat("HTTP/1.1 206 Partial Content\r\nETag: ", std::string(etag),
                       "\r\nContent-Range: bytes ", first, "-", last, "/", file.size(),
                       "\r\nContent-Length: ", body.size(), "\r\n\r\n", body)};
}

FileServer::Answer Whole(std::string_view file, std::atomic<uint64_t>* served) {
  if (served != nullptr) *served += file.size();
  return {absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", file.size(), "\r\n\r\n",
                       std::string(file))};
}

FileServer::Answer Redirect(std::string_view location) {
  return {absl::StrCat("HTTP/1.1 302 Found\r\nLocation: ", std::string(location),
                       "\r\nContent-Length: 0\r\n\r\n")};
}

FileServer::Answer Status(int status) {
  return {absl::StrCat("HTTP/1.1 ", status, " Whatever\r\nContent-Length: 3\r\n\r\nno\n")};
}

}  // namespace transcribe
