// LocalPlatform with chains of two small processes each, VERSIONS_ONE and VERSIONS_TWO.
#include "deploy/platform/local_platform.h"

#include <csignal>
#include <fstream>
#include <future>
#include <memory>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/client.h"
#include "chains/chain/identity_keeper.h"
#include "chains/core/text.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/identity.h"
#include "chains/grpc/run_on.h"
#include "chains/testing/collect.h"
#include "chains/testing/status_matchers.h"
#include "chains/v1/platform.chains.h"
#include "deploy/bundle/collect.h"
#include "tests/deploy/temp_folder.h"
#include "tests/gateway/http/test_client.h"

namespace chains::deploy {
namespace {

using ::chains::testing::Collect;
using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::chains::testing::StreamOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr absl::Duration kDeadline = absl::Minutes(2);
constexpr char kText[] = "\n\1x";  // text: "x", on the wire

class LocalPlatformTest : public ::testing::Test {
 protected:
  LocalPlatformTest() { Up(); }
  ~LocalPlatformTest() override {
    client_.reset();
    if (platform_ != nullptr) platform_->Stop(absl::Now() + absl::Seconds(30));
  }

  void Up(bool mtls = false) {
    LocalPlatform::Options options;
    options.home = folder_ / "h";
    options.metrics = "127.0.0.1:0";
    options.mtls = mtls;
    options.open = true;
    options.capacity = Capacity{.cpus = 2, .memory_bytes = int64_t{1} << 40, .gpus = 0};
    absl::StatusOr<std::unique_ptr<LocalPlatform>> platform =
        LocalPlatform::Start(std::move(options));
    ASSERT_THAT(platform.status(), IsOk());
    platform_ = *std::move(platform);
    client_ = std::make_unique<Client<v1::Platform>>(platform_->address());
  }
  // As if it were killed.
  void Kill() {
    client_.reset();
    platform_.reset();
  }

  // What it consists of is in the store when this returns.
  v1::Bundle Uploaded(const std::string& program) {
    CollectOptions collect;
    collect.program = program;
    const CollectedBundle collected = CollectBundle(collect).value();
    std::vector<v1::UploadRequest> pieces;
    for (const v1::BundleFile& file : collected.bundle.files()) {
      std::ifstream stream(collected.sources.at(file.path()), std::ios::binary);
      v1::UploadRequest piece;
      piece.set_sha256(file.sha256());
      piece.set_size(file.size());
      std::string data(1 << 20, '\0');
      while (stream.read(data.data(), static_cast<std::streamsize>(data.size())),
             stream.gcount() > 0) {
        piece.set_data(data.substr(0, static_cast<size_t>(stream.gcount())));
        pieces.push_back(piece);
        piece = v1::UploadRequest();
      }
    }
    const auto uploaded = client_->Run(
        [&pieces](v1::Platform& platform) { return platform.Upload(StreamOf(std::move(pieces))); },
        {.timeout = kDeadline});
    EXPECT_THAT(uploaded.status(), IsOk());
    return collected.bundle;
  }
  static v1::DeployRequest Of(const v1::Bundle& bundle, bool development = false) {
    v1::DeployRequest request;
    *request.mutable_bundle() = bundle;
    request.set_development(development);
    request.set_breaking(true);
    return request;
  }
  absl::StatusOr<std::vector<v1::DeployEvent>> Push(const v1::DeployRequest& request) {
    return client_->Run(
        [&request](v1::Platform& platform) { return Collect(platform.Deploy(request)); },
        {.timeout = kDeadline});
  }
  // Until somebody asks what he waits for.
  v1::DeployEvent FirstEvent(const v1::DeployRequest& request) {
    return client_
        ->Run(
            [&request](v1::Platform& platform) -> Task<v1::DeployEvent> {
              Stream<v1::DeployEvent> events = platform.Deploy(request);
              std::optional<v1::DeployEvent> first = co_await events.Next();
              co_return *std::move(first);
            },
            {.timeout = kDeadline})
        .value();
  }
  v1::Deployment Status(const std::string& id) {
    v1::DeploymentRequest request;
    request.set_deployment(id);
    return client_->Call(&v1::Platform::Status, request, {.timeout = kDeadline})->deployment();
  }
  std::set<int> Pids(const std::string& id) {
    std::set<int> pids;
    const v1::Deployment deployment = Status(id);
    for (const v1::ChainletStatus& chainlet : deployment.chainlets()) {
      for (const v1::ReplicaStatus& replica : chainlet.replicas()) {
        if (replica.state() == "ready") pids.insert(replica.pid());
      }
    }
    return pids;
  }
  template <typename F>
  static bool Until(F is_so) {
    const absl::Time deadline = absl::Now() + kDeadline;
    while (!is_so()) {
      if (absl::Now() > deadline) return false;
    }
    return true;
  }

  const TempFolder folder_;
  std::unique_ptr<LocalPlatform> platform_;
  std::unique_ptr<Client<v1::Platform>> client_;
};

// Calls the entrypoint of a deployment as a gateway does, or, without its certificate, as anybody.
class AsAGateway {
 public:
  AsAGateway(const LocalPlatform& platform, std::string folder)
      : keeper_({.platform = platform.address(),
                 .token = platform.gateway_token(),
                 .deployment = "",
                 .chainlets = {},
                 .folder = std::move(folder)}),
        reactor_(workers_) {
    absl::StatusOr<std::shared_ptr<const Identity>> identity =
        keeper_.Obtain(absl::Now() + kDeadline);
    EXPECT_THAT(identity.status(), IsOk());
    if (identity.ok()) identity_ = *std::move(identity);
    reactor_.Start();
  }
  ~AsAGateway() { reactor_.Stop(); }

  // As `callee` in that chain; "" as the chain: in plaintext.
  absl::Status Ask(const std::string& address, const std::string& chain, const std::string& callee,
                   const Method& method) {
    std::shared_ptr<grpc::ChannelCredentials> credentials;
    if (!chain.empty()) {
      credentials = identity_->ToPeer(ChainletPeer(identity_->trust_domain(), chain, callee));
    }
    GrpcChannel channel(address, reactor_, {.connections = 1, .credentials = credentials});
    const Context soon = Context().WithDeadline(absl::Now() + absl::Seconds(30));
    return RunOn(
               reactor_, [&] { return channel.Unary(method, Bytes(kText)); }, soon)
        .status();
  }

 private:
  WorkerPool workers_;
  chains::internal::IdentityKeeper keeper_;
  std::shared_ptr<const Identity> identity_;
  Reactor reactor_;
};

TEST_F(LocalPlatformTest, PrometheusIsAnsweredWhereItIsTold) {
  gateway::TestClient prometheus(platform_->metrics_address());
  ASSERT_TRUE(prometheus.connected());
  prometheus.Send("GET /metrics HTTP/1.0\r\nHost: a\r\n\r\n");
  std::string page;
  while (!prometheus.ended()) {
    prometheus.AwaitInput();
    page += prometheus.Receive();
  }
  EXPECT_THAT(page, HasSubstr("\nchains_spans_dropped_total 0\n"));
}

TEST_F(LocalPlatformTest, AnAddressForPrometheusThatIsNoneIsNamed) {
  LocalPlatform::Options options;
  options.home = folder_ / "other";
  options.metrics = "everywhere";
  EXPECT_THAT(LocalPlatform::Start(std::move(options)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--metrics: 'everywhere'")));
}

TEST_F(LocalPlatformTest, WithMtlsReplicasAnswerThoseWhoMayCallThem) {
  platform_->Stop(absl::Now() + absl::Seconds(30));
  Kill();
  Up(/*mtls=*/true);
  const auto events = Push(Of(Uploaded(VERSIONS_ONE)));
  ASSERT_THAT(events.status(), IsOk());
  const v1::Deployment deployment = Status(events->back().deployment().id());
  AsAGateway gateway(*platform_, folder_ / "gateway");
  for (const v1::ChainletStatus& chainlet : deployment.chainlets()) {
    ASSERT_EQ(chainlet.replicas_size(), 1) << chainlet.chainlet();
    const std::string name = chainlet.replicas(0).name();
    const std::string address = Text("unix:", (folder_ / "h").string(), "/run/", deployment.id(),
                                     "/", name.substr(name.rfind('-') + 1), "/s");
    const std::string path = Text("/", chainlet.chainlet(), "/RunRemote");
    const Method method{.chainlet = chainlet.chainlet(), .name = "RunRemote", .path = path};
    const bool entrypoint = chainlet.chainlet() == deployment.entrypoint();
    const absl::StatusCode code =
        gateway.Ask(address, deployment.chain(), chainlet.chainlet(), method).code();
    EXPECT_EQ(code, entrypoint ? absl::StatusCode::kOk : absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(gateway.Ask(address, "", "", method), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(gateway.Ask(address, "another", chainlet.chainlet(), method),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("and not")));
  }
}

TEST_F(LocalPlatformTest, ReplicasOutliveItAndAreTakenOver) {
  const auto events = Push(Of(Uploaded(VERSIONS_ONE)));
  ASSERT_THAT(events.status(), IsOk());
  EXPECT_EQ(events->back().promoted_to(), "production");
  const std::string id = events->back().deployment().id();
  const std::set<int> pids = Pids(id);
  ASSERT_EQ(pids.size(), 2u);
  Kill();
  for (const int pid : pids) EXPECT_EQ(::kill(pid, 0), 0);
  Up();
  EXPECT_TRUE(Until([&] { return Pids(id) == pids; }));
  // What one of them says before its end is told with it.
  ASSERT_EQ(::kill(*pids.begin(), SIGKILL), 0);
  EXPECT_TRUE(Until([&] {
    const std::set<int> now = Pids(id);
    return now.size() == 2 && !now.contains(*pids.begin());
  }));
  v1::LogsRequest logs;
  logs.mutable_of()->set_deployment(id);
  const auto lines =
      client_->Run([&logs](v1::Platform& platform) { return Collect(platform.Logs(logs)); });
  ASSERT_THAT(lines.status(), IsOk());
  ASSERT_FALSE(lines->empty());
  EXPECT_THAT(lines->front().message(), HasSubstr("serving"));
  platform_->Stop(absl::Now() + absl::Seconds(30));
  EXPECT_TRUE(Until([&] { return ::kill(*pids.rbegin(), 0) != 0; }));
}

TEST_F(LocalPlatformTest, TwoPushesAtOnceAreOneAfterTheOther) {
  const v1::Bundle one = Uploaded(VERSIONS_ONE), two = Uploaded(VERSIONS_TWO);
  auto first = std::async(std::launch::async, [&] { return Push(Of(one, true)); });
  auto second = std::async(std::launch::async, [&] { return Push(Of(two, true)); });
  std::set<std::string> ids;
  int live = 0;
  for (auto* const pushing : {&first, &second}) {
    const absl::StatusOr<std::vector<v1::DeployEvent>> events = pushing->get();
    if (events.ok()) {
      ++live;
      ids.insert(events->back().deployment().id());
    } else {
      EXPECT_THAT(events.status(), StatusIs(absl::StatusCode::kAborted, HasSubstr("another push")));
    }
  }
  ASSERT_GE(live, 1);
  ASSERT_EQ(ids.size(), 1u);
  const v1::Deployment now = Status(*ids.begin());
  EXPECT_EQ(now.revision(), 2u);
  EXPECT_EQ(now.state(), v1::DEPLOYMENT_ACTIVE);
  EXPECT_TRUE(Until([&] { return Pids(*ids.begin()).size() == 2; }));
}

TEST_F(LocalPlatformTest, APushGoesOnThoughItsClientLeftAndThePlatformWasKilled) {
  const std::string id = FirstEvent(Of(Uploaded(VERSIONS_ONE))).deployment().id();
  Kill();
  Up();
  EXPECT_TRUE(Until([&] { return Status(id).state() == v1::DEPLOYMENT_ACTIVE; }));
  EXPECT_EQ(Status(id).environments_size(), 1);
}

TEST_F(LocalPlatformTest, ItStopsWhileAPushRuns) {
  const v1::DeployRequest request = Of(Uploaded(VERSIONS_ONE));
  std::promise<std::string> begun;
  auto pushing = std::async(std::launch::async, [&] {
    return client_
        ->Run(
            [&](v1::Platform& platform) -> Task<int> {
              Stream<v1::DeployEvent> events = platform.Deploy(request);
              int count = 0;
              while (std::optional<v1::DeployEvent> event = co_await events.Next()) {
                if (++count == 1) begun.set_value(event->deployment().id());
              }
              co_return count;
            },
            {.timeout = kDeadline})
        .status();
  });
  const std::string id = begun.get_future().get();
  platform_->Stop(absl::Now() + absl::Seconds(30));
  // It was live already, or is told that the platform ends.
  EXPECT_THAT(pushing.get().code(), AnyOf(absl::StatusCode::kOk, absl::StatusCode::kUnavailable));
  platform_->Stop(absl::Now());  // nothing happens any more
  Kill();
  Up();
  EXPECT_TRUE(Until([&] { return Status(id).state() == v1::DEPLOYMENT_ACTIVE; }));
}

}  // namespace
}  // namespace chains::deploy
