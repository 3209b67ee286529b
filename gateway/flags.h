// The flags of chains-gateway: what they are called, mean and are by default.
//
//   Flags flags;
//   Declare(app, flags);
//   app.parse(argc, argv);
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gateway/app/gateway_options.h"
#include "gateway/app/open_queue.h"
#include "gateway/app/quotas.h"
#include "gateway/http/options.h"

namespace chains::gateway {

// As they were given; times are text until ParseTime().
struct Flags {
  std::vector<std::string> listen = {"127.0.0.1:8080"};
  std::vector<std::string> routes;
  std::string platform;
  std::string token_file;
  std::string platform_roots;
  std::string identity;
  std::string zone;
  double hedge_percentile = 0;
  bool circuit = false;
  std::string grpc_listen;
  std::string api_keys;
  bool no_auth = false;
  std::string descriptors;
  std::string entrypoint;
  std::vector<std::string> cors_origins;
  std::string timeout = "60s";
  std::string stream_idle_timeout = "60s";
  std::string web_socket_lifetime = "24h";
  std::string drain_timeout = "30s";
  size_t max_connections = HttpOptions().max_connections;
  std::string connection_age = "10m";
  QueueFlags queue;
  std::string keep = "24h";
  std::string tls_listen;
  std::string tls_certificate;
  std::string tls_key;
  uint64_t max_body = GatewayOptions().max_body_bytes;
  Quotas::Options quotas;
  bool no_ui = false;
  std::string ui_folder;
  std::string check;
};

// `flags` outlives the parsing.
void Declare(CLI::App& app, Flags& flags);

// `problem`, with the flag that it is about.
absl::Status BadFlag(std::string_view flag, const absl::Status& problem);

// A time above 0; INVALID_ARGUMENT names the flag.
absl::StatusOr<absl::Duration> ParseTime(std::string_view flag, const std::string& text);

}  // namespace chains::gateway
