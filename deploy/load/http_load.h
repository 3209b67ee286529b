// RunHttp: load over HTTP/1.1, for a server's POST.
//
//   const HttpTarget target{.address = "127.0.0.1:8080", .path = "/run_remote",
//                           .payloads = {{.body = R"({"names": ["Ada"]})"}}};
//   absl::StatusOr<Report> report = RunHttp(target, {.in_flight = 32, .duration =
//   absl::Seconds(10)});
//
// One thread, the caller's. Every call in flight has a connection of its own, which is kept and
// used again where the server allows it. A warm-up is of at least `in_flight` calls, so that all
// connect. What is not 2xx is an error.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "deploy/load/plan.h"
#include "deploy/load/report.h"

namespace chains::load {

struct HttpTarget {
  std::string address = {};  // HOST:PORT, [HOST]:PORT or unix:PATH
  std::string path = "/run_remote";
  std::vector<std::pair<std::string, std::string>> headers = {};  // beside Host, length and type
  std::string content_type = "application/json";
  std::vector<Payload> payloads = {};  // at least one
};

// INVALID_ARGUMENT where the target or the plan makes no sense; UNAVAILABLE where no call of the
// warm-up was answered well. Errors after it are in the report.
absl::StatusOr<Report> RunHttp(const HttpTarget& target, const Plan& plan);

}  // namespace chains::load
