// PostgresServer: a PostgreSQL of the test's own: an unprivileged process in a temporary folder
// that answers on a unix socket.
//
//   if (PostgresServer::Missing()) GTEST_SKIP() << "SKIPPED: PostgreSQL is not installed";
//   PostgresServer server;
//   auto store = OpenJobStore(server.url());
#pragma once

#include <string>

#include "tests/gateway/async/temp_folder.h"

namespace chains::gateway {

class PostgresServer {
 public:
  static bool Missing();

  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // Empty where it could not be started; the test has failed then.
  const std::string& url() const { return url_; }
  // Ends it as a crash does; a later Start() goes on with what it had.
  void Crash();
  void Start();
  // An empty database again.
  void Clear();

 private:
  TempFolder folder_;
  std::string url_;
  bool running_ = false;
};

}  // namespace chains::gateway
