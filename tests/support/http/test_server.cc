#include "tests/support/http/test_server.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace chains::testing {

TestServer::Connection::Connection(int socket, SSL_CTX* context) : socket_(socket) {
  if (context == nullptr) return;
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), socket_);
}

long TestServer::Connection::ReadSome(char* bytes, size_t size) {
  if (ssl_ == nullptr) return recv(socket_, bytes, size, 0);
  return SSL_read(ssl_.get(), bytes, static_cast<int>(size));
}

long TestServer::Connection::WriteSome(std::string_view bytes) {
  if (ssl_ == nullptr)
    return send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

std::string TestServer::Connection::Read() {
  while (true) {
    const size_t head = received_.find("\r\n\r\n");
    if (head != received_.npos) {
      const size_t length = received_.find("Content-Length: ");
      const size_t body = length < head ? std::stoul(received_.substr(length + 16, 12)) : 0;
      const size_t all = head + 4 + body;
      if (received_.size() >= all) {
        std::string request = received_.substr(0, all);
        received_.erase(0, all);
        return request;
      }
    }
    char bytes[16384];
    const long size = ReadSome(bytes, sizeof(bytes));
    if (size <= 0) return "";
    received_.append(bytes, static_cast<size_t>(size));
  }
}

std::string TestServer::Connection::ReadBytes(size_t size) {
  while (received_.size() < size) {
    char bytes[16384];
    const long more = ReadSome(bytes, sizeof(bytes));
    if (more <= 0) break;
    received_.append(bytes, static_cast<size_t>(more));
  }
  const std::string read = received_.substr(0, size);
  received_.erase(0, size);
  return read;
}

bool TestServer::Connection::Write(std::string_view bytes, int patience_ms) {
  while (!bytes.empty()) {
    pollfd writable = {socket_, POLLOUT, 0};
    if (poll(&writable, 1, patience_ms) <= 0) return false;
    const long size = WriteSome(bytes);
    if (size <= 0) return false;
    written_ += static_cast<uint64_t>(size);
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

void TestServer::Connection::WaitForEnd() {
  char bytes[4096];
  while (ReadSome(bytes, sizeof(bytes)) > 0) continue;
}

TestServer::TestServer(Handler handler, const Tls& tls)
    : handler_(std::move(handler)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (!tls.certificate.empty()) {
    context_.reset(SSL_CTX_new(TLS_server_method()));
    EXPECT_EQ(
        SSL_CTX_use_certificate_file(context_.get(), tls.certificate.c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_.get(), tls.key.c_str(), SSL_FILETYPE_PEM), 1);
    if (!tls.client_ca.empty()) {
      SSL_CTX_load_verify_locations(context_.get(), tls.client_ca.c_str(), nullptr);
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         nullptr);
    }
  }
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(place);
  EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&place), size), 0);
  EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&place), &size), 0);
  EXPECT_EQ(listen(listener_, 64), 0);
  port_ = ntohs(place.sin_port);
  accepting_ = std::thread([this] { Run(); });
}

TestServer::~TestServer() {
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) {
      if (socket >= 0) shutdown(socket, SHUT_RDWR);
    }
  }
  for (std::thread& thread : serving_) thread.join();
  close(listener_);
}

void TestServer::Run() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    ++accepted_;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    serving_.emplace_back([this, socket] { Serve(socket); });
  }
}

void TestServer::Serve(int socket) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  {
    Connection client(socket, context_.get());
    if (client.ssl_ == nullptr || SSL_accept(client.ssl_.get()) == 1) handler_(client);
  }
  const std::lock_guard lock(mutex_);
  close(socket);
  std::replace(sockets_.begin(), sockets_.end(), socket, -1);
}

std::string TestServer::url() const {
  return (context_ == nullptr ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(port_);
}

std::string TestServer::Ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

TestCertificates::TestCertificates(const std::string& folder) : folder_(folder) {
  Sign("ca", "");
  Sign("other", "");
  Sign("server", "subjectAltName=IP:127.0.0.1,DNS:api.test");
  Sign("client", "extendedKeyUsage=clientAuth");
}

void TestCertificates::Sign(const std::string& name, const std::string& extension) {
  std::string command = "cd '" + folder_ + "' && openssl req -x509 -newkey ec -pkeyopt " +
                        "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name +
                        " -keyout " + name + ".key -out " + name + ".pem";
  if (!extension.empty()) {
    command +=
        " -CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE -addext " + extension;
  }
  EXPECT_EQ(std::system((command + " 2>openssl.log").c_str()), 0) << command;
}

std::string TestCertificates::Text(const std::string& file) const {
  std::ifstream stream(Path(file));
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace chains::testing
