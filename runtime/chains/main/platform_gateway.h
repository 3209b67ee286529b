// PlatformGateway: the gateway that `chains up` runs beside its platform, on a thread of its own.
//
// The command line links chains::gateway, which defines MakePlatformGateway(); deploy/ includes
// nothing of gateway/.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/policy/faults.h"

namespace chains {

// For one thread.
class PlatformGateway {
 public:
  struct Options {
    std::string platform;  // where chains.v1.Control answers: "unix:/path", "HOST:PORT"
    std::string token;     // the platform's, for metadata `chains-token`
    // PEM file with the platform's root certificate: it is reached over TLS. Empty: in plaintext.
    std::string platform_roots = {};
    // A folder for the gateway's certificate, which the platform makes: replicas are called over
    // TLS in which both ends show who they are (mTLS). Empty: in plaintext.
    std::string identity = {};
    std::string name = "gateway";
    std::string zone = "";  // where it runs: requests prefer replicas there
    // A second attempt beside the first of requests that may be repeated, once they take longer
    // than this percentile of the last ones; 0: none.
    double hedge_percentile = 0;
    bool circuit = false;                 // a deployment that fails gets no requests for a while
    std::string http = "127.0.0.1:8080";  // where HTTP is answered
    std::string grpc = "127.0.0.1:8081";  // where gRPC clients call chains; empty: nowhere
    absl::Duration timeout = absl::Seconds(60);  // of a request that says none
    // Where requests lie that are called later: "sqlite:FILE", "postgresql://…"; empty: nowhere.
    std::string async_queue = "";
    // With the secrets that sign webhooks, a line each; made where there is none. Empty: unsigned.
    std::string webhook_secret_file = "";
    bool webhook_allow_private = false;  // webhooks may lead to private addresses
    // Pages of these may call from browsers, as "https://app.example.com"; "*": all pages.
    std::vector<std::string> cors_origins = {};
    // Where HTTP and gRPC are answered over TLS; empty: nowhere. With the files (PEM) of the
    // certificate and its key, which are read anew when they change.
    std::string tls = {};
    std::string tls_certificate = {};
    std::string tls_key = {};
    bool ui = true;  // people's browsers are answered with a page
    // The page's files are read from here with each request: for who writes it. Empty: built in.
    std::string ui_folder = {};
    Faults faults = {};           // of calls to entrypoints
    size_t max_in_flight = 0;     // requests at a time; more get 503; 0: any number
    bool limits_dry_run = false;  // nothing is refused for want of limits, only counted
  };
  struct Addresses {
    std::string http;  // with the ports that were chosen
    std::string grpc;
    std::string tls = {};
  };

  virtual ~PlatformGateway() = default;

  // Binds the addresses and starts to ask the platform for routes; requests that come before the
  // first routes are refused with UNAVAILABLE. An address in use is named, as is an origin that is
  // none.
  virtual absl::StatusOr<Addresses> Start() = 0;
  // Accepts nothing new, and finishes what runs until `deadline`. Once, before it is destroyed.
  virtual void Drain(absl::Time deadline) = 0;
};

std::unique_ptr<PlatformGateway> MakePlatformGateway(PlatformGateway::Options options);

}  // namespace chains
