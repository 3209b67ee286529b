// FakeS3: an S3 store in memory that checks signatures by itself.
//
//   FakeS3 s3;
//   S3Store::Options options = s3.options();
//   s3.Fail(503);                     // the next request
//   EXPECT_EQ(s3.objects()["x"], "content");
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "deploy/bundle/s3_store.h"
#include "tests/support/http/test_server.h"

namespace chains::deploy {

using testing::TestServer;

class FakeS3 {
 public:
  FakeS3();

  S3Store::Options options() const;

  // What the next request is answered with; several are of the next ones.
  void Fail(int http_status) { Script(http_status); }
  // The next GET of an object is cut off after so many bytes.
  void CutAfter(size_t bytes) { Script(-static_cast<int>(bytes)); }
  // Objects in one answer to a list.
  void set_page(size_t page) { page_ = page; }

  std::map<std::string, std::string> objects() const;
  void Set(const std::string& name, std::string content);
  int requests() const;

 private:
  struct Request {
    std::string method, path, query, body;
    std::map<std::string, std::string> headers;  // in lower case
  };
  static Request Parse(const std::string& text);
  void Script(int what);
  void Serve(TestServer::Connection& client);
  std::string Answer(const Request& request);
  std::string AnswerList(const std::string& query) const;
  // Why it is refused; empty: it is signed well.
  static std::string ProblemOf(const Request& request);

  mutable std::mutex mutex_;
  std::deque<int> script_;  // guarded by mutex_, as is what follows
  std::map<std::string, std::string> objects_;
  size_t page_ = 1000;
  int requests_ = 0;
  TestServer server_;
};

}  // namespace chains::deploy
