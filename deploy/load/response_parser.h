// ResponseParser: bytes to HTTP/1.x responses, one after another. Pure: it knows no socket.
//
//   parser.Feed(bytes);                         // as they come, in any pieces
//   if (parser.problem()) …                     // not HTTP, or more than was asked for
//   if (parser.done()) { use parser.status(); parser.Reset(); }
//
// Bodies are read but not kept, except for the beginning of one that tells of an error. A body ends
// by Content-Length, by its last chunk, or with the connection. Interim responses (1xx) are
// skipped.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace chains::load {

class ResponseParser {
 public:
  ResponseParser();
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  void Feed(std::string_view bytes);
  // The connection ended.
  void FeedEnd();

  // Whether a whole response was read.
  bool done() const;
  // Why there will be none; empty where there may be.
  const std::string& problem() const { return problem_; }

  // done() is true.
  int status() const;
  // Whether the connection may be used again.
  bool keep_alive() const;
  // The beginning of the body of a response that is not 2xx.
  const std::string& words() const;
  // Begins anew, with the next response or the next connection.
  void Reset();

 private:
  struct Machine;
  size_t Step(std::string_view bytes);

  std::unique_ptr<Machine> machine_;
  std::string kept_;  // what the machine can take only with more behind it
  std::string problem_;
};

}  // namespace chains::load
