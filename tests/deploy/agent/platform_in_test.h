// PlatformInTest: what an agent and its program need of a platform, over gRPC on 127.0.0.1: Pods as
// the test says, Bundles as the real platform serves them, Control that says nothing.
//
//   PlatformInTest platform;
//   const std::string digest = platform.Push("probe", PROBE_PROGRAM);
//   platform.Order(…);
//   platform.Look([](const PlatformInTest::Seen& seen) { return seen.pods.reports.size(); });
//   platform.Stop();   platform.Start();                // at the same address
#pragma once

#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/core/text.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/server.h"
#include "chains/v1/control.chains.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/bundle.h"
#include "deploy/platform/bundle_service.h"
#include "tests/deploy/agent/fake_pods.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {

// The real one's bundles, over a connection that breaks.
class BreakingBundles final : public v1::Bundles {
 public:
  explicit BreakingBundles(v1::Bundles& whole) : whole_(whole) {}

  Task<v1::Bundle> Find(v1::FindBundleRequest request) override {
    return whole_.Find(std::move(request));
  }
  Stream<v1::DownloadedPiece> Download(v1::DownloadRequest request) override {
    offsets.push_back(request.offset());
    Stream<v1::DownloadedPiece> pieces = whole_.Download(std::move(request));
    for (int sent = 0; sent != breaks_after; ++sent) {
      std::optional<v1::DownloadedPiece> piece = co_await pieces.Next();
      if (!piece) co_return;
      co_yield *std::move(piece);
    }
    co_await absl::UnavailableError("the connection broke");
  }

  int breaks_after = -1;          // so many pieces; -1: never
  std::vector<uint64_t> offsets;  // that were asked for

 private:
  v1::Bundles& whole_;
};

// Hears what replicas say.
class FakeControl final : public v1::Control {
 public:
  Stream<v1::ReplicaOrders> Attach(Stream<v1::ReplicaReport> requests) override {
    v1::ReplicaOrders orders;
    orders.set_version(1);
    orders.set_report_every_ms(50);
    co_yield std::move(orders);
    while (std::optional<v1::ReplicaReport> report = co_await requests.Next()) {
      replicas[report->replica()] = *report;
    }
  }
  Stream<v1::RouteTable> WatchRoutes(Stream<v1::RoutesSeen>) override {
    co_await absl::UnimplementedError("there are no routes here");
  }
  Task<v1::CertifyResponse> Certify(v1::CertifyRequest) override {
    co_return absl::FailedPreconditionError("there are no certificates here");
  }
  Task<v1::WakeUpResponse> WakeUp(v1::WakeUpRequest) override {
    co_return absl::UnimplementedError("there is nothing to wake here");
  }

  std::map<std::string, v1::ReplicaReport> replicas;  // the last of each
};

class PlatformInTest {
 public:
  static constexpr char kDeployment[] = "3f9a";
  static constexpr char kToken[] = "the-deployments-token";

  struct Seen {
    FakePods pods;
    FakeControl control;
    BreakingBundles bundles;
  };

  PlatformInTest() {
    state::DeploymentRecord record;
    record.set_id(kDeployment);
    record.set_token(kToken);
    model_.deployments[kDeployment] = std::make_unique<Deployment>(std::move(record));
    Start();
  }
  ~PlatformInTest() { Stop(); }
  PlatformInTest(const PlatformInTest&) = delete;

  const std::string& address() const { return address_; }

  void Start() {
    GrpcServer::Options options;
    options.listen = {address_};
    options.contracts = {&Contract<v1::Pods>::Info(), &Contract<v1::Bundles>::Info(),
                         &Contract<v1::Control>::Info()};
    auto server = GrpcServer::Listen(std::move(options), workers_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    address_ = server_->addresses().front();
    server_->Serve(0, Contract<v1::Pods>::Serve(seen_.pods));
    server_->Serve(0, Contract<v1::Bundles>::Serve(seen_.bundles));
    server_->Serve(0, Contract<v1::Control>::Serve(seen_.control));
    server_->Start();
  }
  void Stop() { server_.reset(); }

  // A bundle of this program, made of text, and nothing else; its digest.
  std::string PushScript(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return Push(name, folder_ / name);
  }
  // A bundle of this program and nothing else; its digest.
  std::string Push(const std::string& program, const std::string& path) {
    v1::Bundle bundle;
    bundle.mutable_manifest()->set_chain(program);
    bundle.mutable_manifest()->set_entrypoint("a.Chainlet");
    bundle.mutable_manifest()->add_chainlets()->set_name("a.Chainlet");
    bundle.set_program(program);
    v1::BundleFile& file = *bundle.add_files();
    file.set_path(program);
    file.set_sha256(blobs_->PutFile(path).value());
    file.set_size(std::filesystem::file_size(path));
    file.set_executable(true);
    return blobs_->PutBundle(bundle).value();
  }

  // Where the platform keeps the file.
  std::filesystem::path BlobOf(const std::string& path) const {
    const std::string hex = Hex(Sha256OfFile(path).value());
    return folder_ / Text("store/blobs/", hex.substr(0, 2), "/", hex.substr(2));
  }

  // Calls on the services' own thread.
  template <typename F>
  auto Look(F look) {
    using Result = std::invoke_result_t<F, Seen&>;
    std::promise<Result> result;
    server_->reactor(0).Post([&] {
      if constexpr (std::is_void_v<Result>) {
        look(seen_);
        result.set_value();
      } else {
        result.set_value(look(seen_));
      }
    });
    return result.get_future().get();
  }
  void Order(const v1::PodOrders& orders) {
    Look([&orders](Seen& seen) { seen.pods.Order(orders); });
  }

 private:
  const TempFolder folder_{InMemory()};
  WorkerPool workers_{{.threads = 2}};
  const std::unique_ptr<BlobStore> blobs_ = BlobStore::Open(folder_ / "store").value();
  Model model_{{}};
  BundleService bundles_{model_, *blobs_, "gateway token"};
  Seen seen_{.pods = {}, .control = {}, .bundles = BreakingBundles(bundles_)};
  std::string address_ = "127.0.0.1:0";
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace chains::deploy
