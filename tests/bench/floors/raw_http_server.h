// RawHttpServer: the floor of HTTP. What one would write by hand for one client that behaves: one
// thread, one epoll, a read and a write a request, and no more of HTTP than where a request ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bench {

class RawHttpServer {
 public:
  // The body of the response to a request's body.
  using Handler = std::function<std::string(std::string_view)>;

  // `listen` is unix:PATH or HOST:PORT with an address in numbers. Ends the program where it cannot
  // listen.
  RawHttpServer(const std::string& listen, Handler handler);
  ~RawHttpServer();
  RawHttpServer(const RawHttpServer&) = delete;
  RawHttpServer& operator=(const RawHttpServer&) = delete;

  const std::string& address() const { return address_; }
  // Serves on the calling thread until there is something to read at `stop`.
  void Run(int stop);

 private:
  void Accept();
  // False: the connection is over.
  bool Serve(int socket, std::string& received);

  const Handler handler_;
  std::string address_;
  int listener_ = -1;
  int epoll_ = -1;
  std::unordered_map<int, std::string> received_;  // of each connection
};

}  // namespace bench
