// LocalPlatform: a platform on this machine: its state in a folder, its replicas as processes.
//
//   absl::StatusOr<std::unique_ptr<LocalPlatform>> platform =
//       LocalPlatform::Start({.home = "/home/me/.chains"});
//   …
//   (*platform)->Stop(absl::Now() + absl::Seconds(35));
//
// In `home`: platform.db (SQLite), store/ (files by digest), bundles/ (as programs run from them),
// run/ (a folder per replica), logs/, secret.key, ca.pem (with mtls), platform.sock (where the
// command line, gateways and replicas come to). A platform that was killed is taken up where its
// last acknowledged change left it; replicas that outlived it are taken over.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/platform.pb.h"
#include "deploy/fleets/local/replica_limits.h"
#include "deploy/platform/capacity.h"
#include "deploy/platform/controller.h"
#include "deploy/platform/tracing_options.h"

namespace chains::deploy {

// For one thread, which is none of its own.
class LocalPlatform {
 public:
  struct Options {
    std::filesystem::path home;
    std::string listen;         // HOST:PORT for other machines' command lines; empty: none
    bool open = false;          // nobody is asked for a key
    bool mtls = false;          // replicas and gateways show each other who they are, over TLS
    std::string gateway_token;  // with which gateways come; empty: a new one
    std::optional<Capacity> capacity = std::nullopt;  // nullopt: what the machine has
    ReplicaLimits::Means limits = {};                 // how replicas are kept to what they declare
    std::vector<std::string> replica_flags = {};      // of `serve`, for every replica: --fault …
    Controller::Options controller = {};              // replicas_attach_at is filled in
    // Traces: how many requests, and the collector that gets those that are kept.
    TracingOptions tracing = {};
    std::string metrics = {};  // HOST:PORT where Prometheus is answered; empty: nowhere
  };

  // FAILED_PRECONDITION: another platform has `home`.
  static absl::StatusOr<std::unique_ptr<LocalPlatform>> Start(Options options);
  ~LocalPlatform();  // as if it were killed: replicas stay, for the next one
  LocalPlatform(const LocalPlatform&) = delete;

  // Where chains.v1.Platform and chains.v1.Control answer: "unix:/…/platform.sock".
  const std::string& address() const;
  // The address of Options::listen with its port; empty without.
  std::string listening() const;
  // Where Prometheus is answered, with its port; empty: nowhere.
  std::string metrics_address() const;
  // With which a gateway comes.
  const std::string& gateway_token() const;
  // What About() says of gateways.
  void SetGateway(std::string http, std::string grpc);
  // A key that may do everything: `known` where it is one, else a new one.
  absl::StatusOr<std::string> EnsureKey(const std::string& known);

  // Ends all replicas, then itself. Who is not gone at `deadline` is ended by force.
  void Stop(absl::Time deadline);

 private:
  class Impl;
  explicit LocalPlatform(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace chains::deploy
