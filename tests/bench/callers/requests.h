// The requests of both callers, made anew for each call as a caller would.
#pragma once

#include <string>

#include "hello.pb.h"
#include "tests/bench/bench.pb.h"
#include "tests/bench/callers/closed_loop.h"

namespace bench {

// What to call by CallerOptions::kind: Request, Reply, its path in gRPC, and one request.
struct EchoCalls {
  using Request = EchoRequest;
  using Reply = EchoReply;
  static constexpr const char* kPath = "/bench.Echo/RunRemote";
  explicit EchoCalls(const CallerOptions& options) : payload(options.size, 'x') {}
  Request Make() const {
    Request request;
    request.set_payload(payload);
    return request;
  }
  const std::string payload;
};

// A stream of `items` replies.
struct RepeatCalls {
  using Request = RepeatRequest;
  using Reply = EchoReply;
  static constexpr const char* kPath = "/bench.Echo/Repeat";
  explicit RepeatCalls(const CallerOptions& options)
      : payload(options.size, 'x'), items(options.items) {}
  Request Make() const {
    Request request;
    request.set_payload(payload);
    request.set_times(items);
    return request;
  }
  const std::string payload;
  const int items;
};

struct HelloAllCalls {
  using Request = hello::HelloAllRequest;
  using Reply = hello::HelloAllResponse;
  static constexpr const char* kPath = "/hello.HelloAll/RunRemote";
  explicit HelloAllCalls(const CallerOptions& options) : names(options.size) {}
  Request Make() const {
    Request request;
    for (int i = 0; i < names; ++i) request.add_names("Ada");
    return request;
  }
  const int names;
};

}  // namespace bench
