// ClusterPlatform: a platform on a Kubernetes cluster: its state in objects there, its replicas in
// pods.
//
//   ClusterPlatform platform(transport, {.settings = settings, .home = "/var/lib/chains", …});
//   absl::Status started = platform.Start();        // once it leads, which may take for ever
//   …
//   platform.Stop();                                // from any thread; replicas stay
//
// Of several only one leads, and only that one serves. In `home`: store/ (files by digest),
// bundles/, run/ (what replicas wrote last), logs/. At its first start it makes the Secrets
// chains-gateway-token, chains-admin-key and chains-secret-key; where the settings say mtls,
// chains-authority and, for gateways, chains-roots as well.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "deploy/apiserver/transport.h"
#include "deploy/bundle/object_store.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"
#include "deploy/platform/controller.h"
#include "deploy/platform/leadership.h"
#include "deploy/platform/tracing_options.h"

namespace chains::deploy {

class ClusterPlatform {
 public:
  struct Options {
    ClusterSettings settings;
    std::filesystem::path home;
    std::string listen;         // HOST:PORT of chains.v1.Platform, Control, Pods and Bundles
    std::string tunnel_listen;  // the same in plaintext, for this pod alone; empty: nowhere
    std::string health_listen;  // HOST:PORT of health alone: SERVING where it leads and serves
    std::string identity;       // of this process, and of no other: a pod's name, say
    bool open = false;          // nobody is asked for a key
    // Where files of bundles are kept for whoever leads next; null: in `home` alone.
    std::shared_ptr<ObjectStore> objects = nullptr;
    // This process decides nothing any more, and must end at once; on a thread of the platform's.
    std::function<void(const absl::Status& why)> on_lost;
    Controller::Options controller = {};  // replicas_attach_at is filled in
    // Traces: how many requests, and the collector that gets those that are kept.
    TracingOptions tracing = {};
    std::string metrics = {};  // HOST:PORT where Prometheus is answered, once it leads; or empty
    Leadership::Options leadership = {};  // namespace and identity are filled in
  };

  // `transport` outlives it.
  ClusterPlatform(Transport& transport, Options options);
  ~ClusterPlatform();  // as if it were killed, but for what it holds
  ClusterPlatform(const ClusterPlatform&) = delete;

  // Blocks until it serves. CANCELLED: Stop() came first. Once.
  absl::Status Start();
  // Ends what it does, and gives leadership back: the next platform takes over what runs. Returns
  // after Start() has.
  void Stop();

  // Where it answers, with the ports that were chosen. After Start().
  const std::string& address() const;
  const std::string& health_address() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chains::deploy
