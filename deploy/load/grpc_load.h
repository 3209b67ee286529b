// RunGrpc: load over gRPC, unary calls of one method.
//
//   const GrpcTarget target{.address = "unix:/run/hello.sock", .method =
//   "/hello.HelloAll/RunRemote",
//                           .payloads = {{.body = request.SerializeAsString()}}};
//   absl::StatusOr<Report> report = RunGrpc(target, {.in_flight = 16, .duration =
//   absl::Seconds(10)});
//
// One thread, the caller's, and one completion queue. Answers are received but not parsed: the
// generator needs no contract, and costs as little as gRPC allows.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "deploy/load/plan.h"
#include "deploy/load/report.h"

namespace chains::load {

struct GrpcTarget {
  std::string address = {};  // as gRPC knows it: HOST:PORT, unix:PATH, dns:///NAME:PORT
  std::string method = {};   // "/package.Service/Method"
  std::vector<std::pair<std::string, std::string>> metadata = {};  // keys in lower case
  std::vector<Payload> payloads = {};  // messages in wire format, at least one
  int connections = 1;                 // over which calls are spread, 1 to 1,000
};

// INVALID_ARGUMENT where the target or the plan makes no sense; UNAVAILABLE where no call of the
// warm-up was answered well. Errors after it are in the report. For a process that has called
// chains::PrepareProcess().
absl::StatusOr<Report> RunGrpc(const GrpcTarget& target, const Plan& plan);

}  // namespace chains::load
