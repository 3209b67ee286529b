// `up`: platform, gateway and fleet of this machine, in this process, until SIGTERM.
#pragma once

#include <string>
#include <vector>

#include "deploy/cli/session.h"

namespace chains::deploy::cli {

struct UpFlags {
  std::string home = {};  // empty: $CHAINS_HOME, else ~/.chains
  std::string listen = "127.0.0.1:8080";
  std::string grpc_listen = "127.0.0.1:8081";
  std::string tls_listen = {};       // HTTP and gRPC over TLS; empty: nowhere
  std::string tls_certificate = {};  // files, which go with it
  std::string tls_key = {};
  std::string platform_listen = {};  // empty: on a unix socket in `home` only
  // Gateways are other processes, and come with the token in this file, which is made where it is
  // missing; empty: there is one in this process.
  std::string gateway_token_file = {};
  std::vector<std::string> cors_origins = {};  // pages of these may call from browsers; "*": all
  bool webhook_allow_private = false;          // of queued calls: they may lead to this machine
  bool open = false;                           // nobody is asked for a key
  bool no_ui = false;                          // browsers get no page
  bool mtls = false;                           // replicas and gateways show each other who they are
  bool detach = false;                         // in the background; it is up when the command ends
  // What replicas may have; empty or below 0: what the machine has.
  std::string memory = {};  // "8Gi"
  double cpus = -1;
  int gpus = -1;
  // What goes wrong with a share of the calls to a chainlet: "SayHello: 1% UNAVAILABLE".
  std::vector<std::string> faults = {};
  // Over what chains declare of their policies; 0: as declared.
  int max_in_flight = 0;
  bool limits_dry_run = false;
  bool hedge = false;
  bool no_hedge = false;
  bool circuit = false;
  bool no_circuit = false;
  std::string otlp = {};      // a collector of traces; empty: none
  double trace_drawn = 1;     // percent of requests that are traced, and kept
  double trace_recorded = 5;  // and kept if they fail or are slow
  std::string metrics = {};   // HOST:PORT where Prometheus is answered; empty: nowhere
  bool pin_cpus = false;      // replicas that want whole CPUs get some of their own
};

// What every replica is told of faults and policies, in the words of `serve`, which are those of
// `up` as well.
std::vector<std::string> ReplicaFlags(const UpFlags& flags);

// Answers the exit code.
int RunUp(Session& session, const UpFlags& flags);

// `down`: ends the platform of `home` (empty: as above), its replicas with it.
int RunDown(Session& session, const std::string& home);

}  // namespace chains::deploy::cli
