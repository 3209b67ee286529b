// CurlTransport: a Transport over HTTP/1.1 and TLS, by libcurl on a thread of its own.
//
//   auto transport = CurlTransport::Make({.url = "https://models.example/v1"});
//   Response answer = co_await (*transport)->Send(Request("GET", "/models"), absl::Seconds(5));
//
// Connections are kept for the next request. A stream's consumer that is slow slows the server.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "chains/http/curl_request.h"
#include "chains/http/curl_worker.h"
#include "chains/http/server_address.h"
#include "chains/http/transport.h"

namespace chains::http {

// Thread-safe.
class CurlTransport final : public Transport {
 public:
  struct Limits {
    size_t body = size_t{256} << 20;  // of an answer
    size_t line = size_t{32} << 20;   // of a stream
    size_t ahead = size_t{1} << 20;   // of a stream, before its consumer takes it
  };

  // INVALID_ARGUMENT: the address cannot be used. Nothing is asked yet.
  static absl::StatusOr<std::unique_ptr<CurlTransport>> Make(ServerAddress address, Limits limits);
  static absl::StatusOr<std::unique_ptr<CurlTransport>> Make(ServerAddress address) {
    return Make(std::move(address), Limits());
  }

  // FAILED_PRECONDITION besides: the server's certificate, or ours, is not good.
  Task<Response> Send(Request request, absl::Duration timeout) override;
  Stream<Response> Follow(Request request, absl::Duration quiet) override;

  // Requests that run, those that were dropped just now among them.
  size_t running() const { return worker_.running(); }

 private:
  CurlTransport(ServerAddress address, Limits limits)
      : limits_(limits), worker_(std::move(address)) {}

  const Limits limits_;
  CurlWorker worker_;
};

}  // namespace chains::http
