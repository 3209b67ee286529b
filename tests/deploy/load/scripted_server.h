// ScriptedServer: an HTTP server, on a unix socket or a port of 127.0.0.1, that answers what the
// test says.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace chains::load {

class ScriptedServer {
 public:
  struct Reply {
    std::string bytes;  // empty: no answer
    bool close = false;
  };
  // Called on the server's thread for each request, with its text and its number from 0 on.
  using Script = std::function<Reply(int, const std::string&)>;

  enum class Place { kUnixSocket, kPort };

  explicit ScriptedServer(Script script, Place place = Place::kUnixSocket)
      : script_(std::move(script)),
        listener_(
            socket(place == Place::kPort ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (place == Place::kPort) {
      BindPort();
    } else {
      BindPath();
    }
    EXPECT_EQ(listen(listener_, 128), 0);
    thread_ = std::thread([this] { Run(); });
  }
  ~ScriptedServer() {
    eventfd_write(stop_, 1);
    thread_.join();
    for (const auto& [socket, text] : received_) close(socket);
    close(listener_);
    close(stop_);
    if (!path_.empty()) unlink(path_.c_str());
  }

  // "unix:PATH" or "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  int accepted() const { return accepted_; }

  static Reply Ok(const std::string& body) {
    return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\n\r\n" + body};
  }

 private:
  void BindPort() {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(place);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&place), size), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&place), &size), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(place.sin_port));
  }
  void BindPath() {
    path_ = ::testing::TempDir() + "load_" + std::to_string(getpid()) + ".sock";
    unlink(path_.c_str());
    sockaddr_un place{.sun_family = AF_UNIX, .sun_path = {}};
    path_.copy(place.sun_path, sizeof(place.sun_path) - 1);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&place), sizeof(place)), 0) << path_;
    address_ = "unix:" + path_;
  }
  void Run() {
    while (true) {
      std::vector<pollfd> watched = {{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& [socket, text] : received_) watched.push_back({socket, POLLIN, 0});
      poll(watched.data(), watched.size(), -1);
      if (watched[0].revents != 0) return;
      if (watched[1].revents != 0) {
        received_[accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)] = "";
        ++accepted_;
      }
      for (size_t i = 2; i < watched.size(); ++i) {
        if (watched[i].revents != 0) Read(watched[i].fd);
      }
    }
  }
  void Read(int socket) {
    char bytes[4096];
    const ssize_t size = recv(socket, bytes, sizeof(bytes), 0);
    if (size <= 0) return Close(socket);
    std::string& text = received_[socket].append(bytes, static_cast<size_t>(size));
    const size_t head = text.find("\r\n\r\n");
    const size_t length = text.find("Content-Length: ");
    if (head == std::string::npos) return;
    const size_t body = length == std::string::npos ? 0 : std::stoul(text.substr(length + 16, 12));
    if (text.size() < head + 4 + body) return;
    const Reply reply = script_(requests_++, text);
    text.clear();
    send(socket, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
    if (reply.close) Close(socket);
  }
  void Close(int socket) {
    close(socket);
    received_.erase(socket);
  }

  const Script script_;
  std::string path_;
  std::string address_;
  const int listener_;
  const int stop_ = eventfd(0, EFD_CLOEXEC);
  std::map<int, std::string> received_;
  int requests_ = 0;
  std::atomic<int> accepted_ = 0;
  std::thread thread_;
};

}  // namespace chains::load
