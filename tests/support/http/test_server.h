// TestServer: an HTTP server on a port of 127.0.0.1, over TLS where it is given a certificate. A
// test's function serves each connection, on a thread of its own, by blocking calls.
//
//   TestServer server([](TestServer::Connection& client) {
//     while (!client.Read().empty()) client.Write(TestServer::Ok("{}"));
//   });
//   …ask server.url()…
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <openssl/ssl.h>

namespace chains::testing {

struct SslEnd {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

class TestServer {
 public:
  struct Tls {
    std::string certificate = {}, key = {};  // files
    std::string client_ca = {};              // a file; not empty: clients need a certificate of it
  };

  class Connection {
   public:
    // The next request with its body; empty: the client is gone.
    std::string Read();
    // So many bytes, or fewer where the client is gone.
    std::string ReadBytes(size_t size);
    // False: the client is gone, or takes nothing for `patience_ms`; `written` says how much it
    // took. A negative patience is endless.
    bool Write(std::string_view bytes, int patience_ms = -1);
    uint64_t written() const { return written_; }
    // Until the client goes.
    void WaitForEnd();

   private:
    friend class TestServer;
    Connection(int socket, SSL_CTX* context);
    long ReadSome(char* bytes, size_t size);
    long WriteSome(std::string_view bytes);

    const int socket_;
    std::unique_ptr<SSL, SslEnd> ssl_;
    std::string received_;
    uint64_t written_ = 0;
  };
  using Handler = std::function<void(Connection&)>;

  explicit TestServer(Handler handler) : TestServer(std::move(handler), Tls()) {}
  TestServer(Handler handler, const Tls& tls);
  ~TestServer();

  int port() const { return port_; }
  // "http://127.0.0.1:PORT"
  std::string url() const;
  int accepted() const { return accepted_; }

  static std::string Ok(std::string_view body);

 private:
  void Run();
  void Serve(int socket);

  const Handler handler_;
  std::unique_ptr<SSL_CTX, SslEnd> context_;
  const int listener_;
  int port_ = 0;
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  std::vector<int> sockets_;          // guarded by mutex_; -1: closed
  std::vector<std::thread> serving_;  // of the accepting thread
  std::thread accepting_;
};

// Certificates of an authority of the test's own, by openssl(1).
class TestCertificates {
 public:
  // The server's are for 127.0.0.1 and api.test.
  explicit TestCertificates(const std::string& folder);

  std::string Path(const std::string& file) const { return folder_ + "/" + file; }
  std::string Text(const std::string& file) const;  // "ca.pem", "server.key", "client.pem", …

 private:
  void Sign(const std::string& name, const std::string& extension);

  const std::string folder_;
};

}  // namespace chains::testing
