// RequestParser: bytes to one HTTP/1.x request. Pure: it knows no socket and no clock.
//
//   while (!parser.done()) {
//     size_t taken = parser.Feed(bytes);        // the rest is to be offered again, with more
//     behind it if (parser.problem()) …                   // the status to refuse with, and why if
//     (parser.has_head()) …                  // may be looked at before the body has come
//   }
//   Request request = parser.Take();            // and the parser begins with the next one
//
// Anything that two readers could understand in two ways is refused: both lengths, two hosts, other
// transfer codings than chunked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/message.h"

namespace chains::gateway {

class RequestParser {
 public:
  struct Limits {
    size_t max_head_bytes = 16 << 10;   // request line and headers: more is 431
    size_t max_body_bytes = 100 << 20;  // more is 413, unless LimitBody() says otherwise
  };
  struct Problem {
    int status;
    std::string text;
  };

  // `is_tls` is said of each request.
  explicit RequestParser(Limits limits, bool is_tls = false);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // How many of `bytes` were taken; 0 where more are needed. It stops once where the head is
  // complete, and at the end of the request.
  size_t Feed(std::string_view bytes);

  // Whether any byte of the next request has been seen.
  bool begun() const { return begun_; }
  bool has_head() const { return head_.has_value(); }
  bool done() const;
  const std::optional<Problem>& problem() const { return problem_; }

  const RequestHead& head() const { return *head_; }
  // The head is complete: how long its body may be. A longer one that is announced is a problem()
  // at once.
  void LimitBody(uint64_t bytes);
  size_t body_bytes() const;
  // What has come of the body and was not taken yet.
  std::string TakeBody();
  // done() is true.
  Request Take();

 private:
  class Machine;
  size_t Step(std::string_view bytes);
  void ReadHead();
  void CheckHead();
  void Refuse(int status, std::string_view text);

  void RefuseBody();

  const Limits limits_;
  const bool is_tls_;
  uint64_t body_limit_;
  std::unique_ptr<std::optional<Machine>> machine_;  // one for each request, in the same place
  bool begun_ = false;
  std::optional<RequestHead> head_;
  std::optional<Problem> problem_;
};

}  // namespace chains::gateway
