// FileServer: an HTTP server on this machine whose answers a test writes byte by byte.
//
//   FileServer server([&](const FileServer::Request& request) { return Ranges(file, request); });
//   Fetch(server.Url("/speech.wav"));
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace transcribe {

class FileServer {
 public:
  struct Request {
    std::string path;
    // Both included, as they were asked for.
    std::optional<std::pair<uint64_t, uint64_t>> range;
    int number = 0;  // of all requests, from 1
  };
  struct Answer {
    std::string bytes;                                            // head and body, as they are sent
    enum class Then { kKeep, kClose, kHold } then = Then::kKeep;  // kHold: until the server ends
  };
  // Called by a thread per connection; it may block.
  using Handler = std::function<Answer(const Request&)>;

  explicit FileServer(Handler handler);
  ~FileServer();
  FileServer(const FileServer&) = delete;

  std::string Url(std::string_view path = "/media") const;
  int requests() const { return requests_; }
  int connections() const { return connections_; }

 private:
  void Accept();
  void Serve(int client);

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> requests_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> clients_;  // guarded by mutex_, as is what follows
  std::vector<std::jthread> threads_;
  bool ending_ = false;
  std::jthread acceptor_;
};

// What a server that knows ranges answers. `served` counts the bytes of bodies.
FileServer::Answer Ranges(std::string_view file, const FileServer::Request& request,
                          std::atomic<uint64_t>* served = nullptr, std::string_view etag = "\"1\"");
// What one answers that does not.
FileServer::Answer Whole(std::string_view file, std::atomic<uint64_t>* served = nullptr);
FileServer::Answer Redirect(std::string_view location);
FileServer::Answer Status(int status);

}  // namespace transcribe
