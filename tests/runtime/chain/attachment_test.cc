// A replica under a platform: what it reports, and what it does with its orders.
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attachment_fixture.h"

namespace zoo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(AttachmentTest, ReportsWhoItIsAndWhereItIsReady) {
  LeafScript script;
  const chains::Chain chain = LeafChain(script);
  const auto replica = StartUnderPlatform(chain);
  const auto report = platform_.control().Await(IsIn(chains::v1::REPLICA_READY));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->deployment(), "d1");
  EXPECT_EQ(report->replica(), "r-0");
  EXPECT_EQ(report->pid(), getpid());
  EXPECT_EQ(report->connections(), 1u);
  EXPECT_THAT(report->addresses(), ElementsAre(replica->addresses().front()));
  ASSERT_EQ(report->loads_size(), 1);
  EXPECT_EQ(report->loads(0).chainlet(), "zoo.Leaf");
  EXPECT_THAT(platform_.control().tokens(), ElementsAre("t0ken"));
}

TEST_F(AttachmentTest, TellsOfTracedCallsOnce) {
  LeafScript script;
  const chains::Chain chain = LeafChain(script);
  const auto replica = StartUnderPlatform(chain);
  platform_.Order(Orders(1, {}));
  ASSERT_TRUE(platform_.control().Await(HasSeen(1)));
  chains::internal::ClientConnection client(replica->addresses().front());
  const auto leaf = chains::Contract<Leaf>::Connect(client.channel());
  const chains::internal::Traceparent parent = {
      .trace = {.high = 1, .low = 2}, .parent = 3, .sampled = true};
  const auto reply = chains::RunOn(
      client.reactor(), [&] { return leaf->RunRemote(Number(1)); },
      chains::Context(absl::InfiniteFuture(), parent, {}));
  ASSERT_TRUE(reply.ok()) << reply.status();
  const auto report = platform_.control().Await(
      [](const ReplicaReport& each) { return each.telemetry().spans_size() > 0; });
  ASSERT_TRUE(report.has_value());
  ASSERT_EQ(report->telemetry().spans_size(), 1);
  const chains::v1::Span& span = report->telemetry().spans(0);
  EXPECT_EQ(span.parent_span_id(), 3u);
  EXPECT_EQ(span.chainlet(), "zoo.Leaf");
  EXPECT_EQ(span.replica(), "r-0");
  EXPECT_EQ(report->telemetry().spans_dropped(), 0u);
  platform_.Order(Orders(2, {}));
  ASSERT_TRUE(platform_.control().Await(HasSeen(2)));
  int told = 0;
  for (const ReplicaReport& each : platform_.control().reports()) {
    told += each.telemetry().spans_size();
  }
  EXPECT_EQ(told, 1);
}

TEST_F(AttachmentTest, SaysWhatItMeasuredAsOftenAsItIsOrdered) {
  LeafScript script;
  script.answer = [](LeafRequest) -> chains::Task<LeafReply> { co_return NumberReply(1); };
  const chains::Chain chain = LeafChain(script);
  const auto replica = StartUnderPlatform(chain);
  chains::Client<Leaf> client(replica->addresses().front());
  ASSERT_TRUE(client.Call(&Leaf::RunRemote, LeafRequest()).ok());
  chains::v1::ReplicaOrders orders;
  orders.set_version(7);
  orders.set_report_every_ms(10);
  orders.set_measure_every_ms(100);
  platform_.Order(orders);
  const auto report = platform_.control().Await(
      [](const ReplicaReport& each) { return each.telemetry().has_measurements(); });
  ASSERT_TRUE(report.has_value());
  const auto& measured = report->telemetry().measurements();
  ASSERT_EQ(measured.chainlets_size(), 1);
  EXPECT_EQ(measured.chainlets(0).chainlet(), "zoo.Leaf");
  ASSERT_EQ(measured.chainlets(0).codes_size(), 1);
  EXPECT_EQ(measured.chainlets(0).codes(0).calls(), 1u);
  EXPECT_EQ(measured.chainlets(0).duration().counts_size(), 1);
  EXPECT_GT(measured.process().resident_bytes(), 0u);
  EXPECT_TRUE(measured.process().start_seconds().contains("ready"));
}

TEST_F(AttachmentTest, CallsGoWhereItIsOrdered) {
  LeafScript one;
  LeafScript other;
  const auto leaf_one = StartLeaf(one, 1);
  const auto leaf_other = StartLeaf(other, 2);
  const chains::Chain chain = RootChain();
  const auto replica = StartUnderPlatform(chain);
  platform_.Order(Orders(1, leaf_one->addresses()));
  ASSERT_TRUE(platform_.control().Await(HasSeen(1)));
  EXPECT_EQ(Call(*replica)->result(), 1);
  platform_.Order(Orders(2, leaf_other->addresses()));
  ASSERT_TRUE(platform_.control().Await(HasSeen(2)));
  EXPECT_EQ(Call(*replica)->result(), 2);
}

TEST_F(AttachmentTest, ACallToAChainletWithoutReplicaIsReportedAtOnceAndGoesOnWhenThereIsOne) {
  const chains::Chain chain = RootChain();
  const auto replica = StartUnderPlatform(chain);
  platform_.Order(Orders(1, {}, 60'000));
  ASSERT_TRUE(platform_.control().Await(HasSeen(1)));
  auto reply = std::async(std::launch::async, [&] { return Call(*replica); });
  const auto report =
      platform_.control().Await([](const ReplicaReport& each) { return each.demands_size() > 0; });
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->demands(0).chainlet(), "zoo.Leaf");
  EXPECT_EQ(report->demands(0).waiting(), 1u);

  LeafScript script;
  const auto leaf = StartLeaf(script, 7);
  platform_.Order(Orders(2, leaf->addresses(), 60'000));
  const absl::StatusOr<RootReply> answered = reply.get();
  ASSERT_TRUE(answered.ok()) << answered.status();
  EXPECT_EQ(answered->result(), 7);
}

TEST_F(AttachmentTest, CallsWaitBeforeThePlatformSaidAnything) {
  const chains::Chain chain = RootChain();
  const auto replica = StartUnderPlatform(chain);
  auto reply = std::async(std::launch::async, [&] { return Call(*replica); });
  ASSERT_TRUE(
      platform_.control().Await([](const ReplicaReport& each) { return each.demands_size() > 0; }));
  LeafScript script;
  const auto leaf = StartLeaf(script, 7);
  platform_.Order(Orders(1, leaf->addresses()));
  EXPECT_EQ(reply.get()->result(), 7);
}

TEST_F(AttachmentTest, FollowsOrdersOnEveryReactor) {
  LeafScript script;
  const auto leaf = StartLeaf(script, 1);
  chains::Chain chain("zoo");
  chain.Add<RootObject>(chains::Needs<Leaf>{}, chains::Resources{.cpus = 4}).Entrypoint();
  chain.Declare<Leaf>();
  const auto replica = StartUnderPlatform(chain, 4);
  platform_.Order(Orders(1, leaf->addresses()));
  const auto report = platform_.control().Await(HasSeen(1));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->connections(), 4u);
  // Connections are spread over reactors.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Call(*replica)->result(), 1);
}

TEST_F(AttachmentTest, CountsCallsThatRunAndCallsThatWaitForTheirTurn) {
  LeafScript script;
  std::promise<void> may_end;
  const std::shared_future<void> end = may_end.get_future().share();
  script.answer = [&end](LeafRequest) -> chains::Task<LeafReply> {
    co_await chains::Blocking([&] { end.wait(); });
    co_return LeafReply();
  };
  const chains::Chain chain = LeafChain(script, {.concurrency_limit = 1});
  const auto replica = StartUnderPlatform(chain);
  platform_.Order(Orders(1, {}));
  chains::Client<Leaf> client(replica->addresses().front());
  std::vector<std::future<bool>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(std::async(std::launch::async,
                               [&] { return client.Call(&Leaf::RunRemote, Number(1)).ok(); }));
  }
  EXPECT_TRUE(platform_.control().Await(
      [](const ReplicaReport& report) { return report.loads(0).in_flight() == 3; }));
  may_end.set_value();
  for (std::future<bool>& call : calls) EXPECT_TRUE(call.get());
  const auto ended = platform_.control().Await(
      [](const ReplicaReport& report) { return report.loads(0).in_flight() == 0; });
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->loads(0).calls(), 3u);
  EXPECT_EQ(script.most_running, 1);
}

TEST_F(AttachmentTest, AsksForAPlatformThatWasLostAndKeepsItsOrdersMeanwhile) {
  LeafScript script;
  const auto leaf = StartLeaf(script, 1);
  const chains::Chain chain = RootChain();
  const auto replica = StartUnderPlatform(chain);
  platform_.Order(Orders(7, leaf->addresses()));
  ASSERT_TRUE(platform_.control().Await(HasSeen(7)));
  platform_.Stop();
  EXPECT_EQ(Call(*replica)->result(), 1);
  platform_.Start();
  ASSERT_TRUE(platform_.control().Await(IsIn(chains::v1::REPLICA_READY)));
  EXPECT_EQ(platform_.control().reports().front().orders_seen(), 0u);  // of this one
  platform_.Order(Orders(3, leaf->addresses()));
  EXPECT_TRUE(platform_.control().Await(HasSeen(3)));
}

TEST_F(AttachmentTest, SaysSoWhenThereWasNoPlatformForTooLong) {
  platform_.Stop();
  timeout_ = absl::Milliseconds(100);
  LeafScript script;
  const chains::Chain chain = LeafChain(script);
  const auto replica = StartUnderPlatform(chain);
  EXPECT_TRUE(lost_.Wait());
}

TEST_F(AttachmentTest, CountsTheTimeWithoutAPlatformFromItsLoss) {
  timeout_ = absl::Milliseconds(100);
  LeafScript script;
  const chains::Chain chain = LeafChain(script);
  platform_.control().SetOrders(Orders(1, {}));
  const auto replica = StartUnderPlatform(chain);
  ASSERT_TRUE(platform_.control().Await(HasSeen(1)));
  platform_.Stop();
  EXPECT_TRUE(lost_.Wait());
}

TEST_F(AttachmentTest, ReportsThatItDrainsWhileItFinishesWhatRuns) {
  LeafScript script;
  Signal running;
  std::promise<void> may_end;
  auto end = may_end.get_future();
  script.answer = [&](LeafRequest) -> chains::Task<LeafReply> {
    running.Give();
    co_await chains::Blocking([&] { end.wait(); });
    co_return NumberReply(5);
  };
  const chains::Chain chain = LeafChain(script);
  const auto replica = StartUnderPlatform(chain);
  platform_.Order(Orders(1, {}));
  ASSERT_TRUE(platform_.control().Await(HasSeen(1)));
  chains::Client<Leaf> client(replica->addresses().front());
  auto reply =
      std::async(std::launch::async, [&] { return client.Call(&Leaf::RunRemote, Number(1)); });
  ASSERT_TRUE(running.Wait());
  auto drained =
      std::async(std::launch::async, [&] { replica->Drain(absl::Now() + absl::Seconds(40)); });
  const auto report = platform_.control().Await(IsIn(chains::v1::REPLICA_DRAINING));
  EXPECT_TRUE(report.has_value());
  may_end.set_value();
  EXPECT_EQ(reply.get()->number(), 5);
  drained.get();
}

TEST_F(AttachmentTest, LogsACallThatFailsUnforeseenWithItsRequest) {
  LeafScript script;
  script.answer = [](LeafRequest request) -> chains::Task<LeafReply> {
    if (request.number() == 1) throw std::runtime_error("no weights");
    co_return absl::InvalidArgumentError("not one");
  };
  const chains::Chain chain = LeafChain(script);
  const auto replica = StartUnderPlatform(chain);
  chains::Client<Leaf> client(replica->addresses().front());
  chains::CallOptions options;
  options.headers = {{"x-request-id", "r-17"}};
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(client.Call(&Leaf::RunRemote, Number(2), options).ok());
  EXPECT_FALSE(client.Call(&Leaf::RunRemote, Number(1), options).ok());
  const std::string lines = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, HasSubstr("zoo.Leaf.RunRemote failed: INTERNAL: exception: no weights"));
  EXPECT_THAT(lines, HasSubstr(R"("request_id":"r-17")"));
  EXPECT_THAT(lines, ::testing::Not(HasSubstr("not one")));
}

// Healthy as the test says.
class Patient final : public Leaf {
 public:
  explicit Patient(std::atomic<bool>*& healthy) : healthy_(*healthy) {}
  absl::Status Healthy() const {
    return healthy_ ? absl::OkStatus() : absl::UnavailableError("the decoder is stuck");
  }
  chains::Task<LeafReply> RunRemote(LeafRequest) override { co_return LeafReply(); }
  chains::Task<LeafReply> Once(LeafRequest) override { co_return LeafReply(); }
  chains::Stream<LeafReply> Count(LeafRequest) override { co_return; }
  chains::Task<LeafReply> Sum(chains::Stream<LeafRequest>) override { co_return LeafReply(); }
  chains::Stream<LeafReply> Double(chains::Stream<LeafRequest>) override { co_return; }

 private:
  std::atomic<bool>& healthy_;
};

TEST_F(AttachmentTest, ReportsThatItIsNotHealthyAndThatItIsAgain) {
  std::atomic<bool> healthy{true};
  chains::Shared<std::atomic<bool>*> shared([&](const chains::DeploymentContext&) {
    return absl::StatusOr<std::unique_ptr<std::atomic<bool>*>>(
        std::make_unique<std::atomic<bool>*>(&healthy));
  });
  chains::Chain chain("zoo");
  chain.Add<Patient>(shared).Entrypoint();
  const auto replica = StartUnderPlatform(chain);
  platform_.Order(Orders(1, {}, 60'000));
  ASSERT_TRUE(platform_.control().Await(IsIn(chains::v1::REPLICA_READY)));
  healthy = false;
  const auto ill = platform_.control().Await(IsIn(chains::v1::REPLICA_UNHEALTHY));
  ASSERT_TRUE(ill.has_value());
  EXPECT_THAT(ill->problem(), HasSubstr("zoo.Leaf: UNAVAILABLE: the decoder is stuck"));
  healthy = true;
  const auto well = platform_.control().Await(IsIn(chains::v1::REPLICA_READY));
  ASSERT_TRUE(well.has_value());
  EXPECT_EQ(well->problem(), "");
}

}  // namespace
}  // namespace zoo
