// HttpFront: an ApiServer behind HTTP on 127.0.0.1, for programs that are tested as processes.
//
//   ApiServer server;
//   absl::StatusOr<std::unique_ptr<HttpFront>> front = HttpFront::Listen(server, 0);
//   WriteText(file, (*front)->Kubeconfig("secret"));
//
// Watches come in chunks, a line each. What nobody owns any more is collected after every request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/support/kubernetes/api_server.h"

namespace chains::deploy::fake {

class HttpFront {
 public:
  // `server` outlives it. Port 0: any. Who shows another token than `token` is refused; empty:
  // nobody is asked.
  static absl::StatusOr<std::unique_ptr<HttpFront>> Listen(ApiServer& server, uint16_t port,
                                                           std::string token);
  ~HttpFront();

  uint16_t port() const;
  // For kubectl, chains, and whoever else reads one.
  std::string Kubeconfig() const;

 private:
  class Impl;
  explicit HttpFront(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace chains::deploy::fake
