// Streams whose clients are slow: what is made, held and copied for them on the way.
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "chains/chain/chain.h"
#include "chains/chain/running_chain.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/server.h"
#include "gateway/app/gateway_server.h"
#include "tests/gateway/app/streams_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::SizeIs;

// What is allocated in this process; sanitizers, whose own heaps are larger, answer 0.
size_t HeapBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

// Each client is two descriptors of this process.
void AllowFiles() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

std::string SocketIn(const char* name) {
  return Text("unix:", ::testing::TempDir(), "/", name, "-", static_cast<int>(getpid()), ".sock");
}

// Over a unix socket, where the system holds some 200 kB for each and not megabytes.
TEST_F(StreamsTest, HoldsLittleForAThousandClientsThatDoNotRead) {
  constexpr size_t kClients = 1000;
  constexpr size_t kMostForEach = 64 << 10;
  AllowFiles();
  const std::string address = SocketIn("slow");
  ASSERT_TRUE(server_->Listen(address).ok());
  const std::string request = Post("/run_remote", R"({"to": 1000000, "text_bytes": 4000})");
  const size_t before = HeapBytes();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<TestClient>(address));
    ASSERT_TRUE(clients.back()->connected());
    clients.back()->Send(request);
    if (i % 50 == 49) loop_.Settle();
  }
  loop_.Settle();
  const size_t grown = HeapBytes() - before;
  RecordProperty("bytes_for_each", static_cast<int>(grown / kClients));
  EXPECT_EQ(counting_.live, static_cast<int>(kClients));
  EXPECT_LT(grown / kClients, kMostForEach);
  const int made = counting_.made;
  EXPECT_LT(made, static_cast<int>(kClients * 100));
  loop_.Settle();
  EXPECT_EQ(counting_.made, made);
  clients.clear();
  loop_.Settle();
  EXPECT_EQ(counting_.live, 0);
  unlink(address.c_str() + 5);
}

// The producer, a chainlet that relays, and the gateway, each on a thread of its own.
class HopsTest : public ::testing::Test {
 protected:
  static std::unique_ptr<GrpcServer> Listen(WorkerPool& workers) {
    GrpcServer::Options options;
    options.listen = {"127.0.0.1:0"};
    return *GrpcServer::Listen(std::move(options), workers);
  }
  HopsTest() {
    producer_->Serve(0, Contract<numbers::Numbers>::Serve(counting_));
    producer_->Start();
    relay_->Serve(0, Contract<numbers::Relay>::Serve(relaying_));
    relay_->Start();
    std::vector<std::unique_ptr<Target>> targets;
    const Route route{.chain = "all", .kind = Route::Kind::kEnvironment, .name = "production"};
    const Target::Contract contract{.descriptors = json::FilesOf(*numbers::Item::descriptor()),
                                    .entrypoint = "numbers.Relay"};
    targets.push_back(*Target::Create(
        route, std::make_unique<GrpcChannel>(relay_->addresses()[0], reactor_), contract));
    EXPECT_TRUE(gateway_.Open(std::move(targets), {}).ok());
    address_ = *gateway_.Listen("127.0.0.1:0");
    EXPECT_TRUE(gateway_.Listen(socket_).ok());
    reactor_.Start();
  }
  ~HopsTest() override {
    gateway_.Drain(absl::Now());
    reactor_.Stop();
    relay_->Drain(absl::Now());
    producer_->Drain(absl::Now());
    unlink(socket_.c_str() + 5);
  }
  // Until the gateway's loop has gone round so many times.
  void LetItTurn(int times) {
    TestClient client(address_);
    for (int i = 0; i < times; ++i) {
      client.Send(Get("/healthz"));
      std::string answer;
      while (!client.ended() && answer.find("ok\n") == std::string::npos) {
        client.AwaitInput();
        answer += client.Receive();
      }
    }
  }

  WorkerPool workers_;
  Counting counting_;
  std::unique_ptr<GrpcServer> producer_ = Listen(workers_);
  std::unique_ptr<GrpcServer> relay_ = Listen(workers_);
  GrpcChannel to_producer_{producer_->addresses()[0], relay_->reactor(0)};
  std::unique_ptr<numbers::Numbers> stub_ = Contract<numbers::Numbers>::Connect(to_producer_);
  Relaying relaying_{*stub_};
  Reactor reactor_{workers_};
  GatewayServer gateway_{reactor_};
  std::string address_;
  const std::string socket_ = SocketIn("hops");
};

TEST_F(HopsTest, HoldsABoundedAmountForStreamsThatStandStillAndServesOthers) {
  constexpr size_t kClients = 300;
  constexpr size_t kMostForEach = 1 << 20;  // both ends of both hops, and the gateway
  AllowFiles();
  const std::string request = Post("/run_remote", R"({"to": 1000000, "text_bytes": 4000})");
  LetItTurn(1);
  const size_t before = HeapBytes();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<TestClient>(socket_));
    ASSERT_TRUE(clients.back()->connected());
    clients.back()->Send(request);
    clients.back()->AwaitInput();
  }
  for (int made = -1; made != counting_.made; LetItTurn(100)) made = counting_.made;
  const size_t grown = HeapBytes() - before;
  RecordProperty("bytes_for_each", static_cast<int>(grown / kClients));
  EXPECT_LT(grown / kClients, kMostForEach);
  EXPECT_EQ(counting_.live, static_cast<int>(kClients));

  TestClient other(address_);
  other.Send(Post("/run_remote", R"({"to": 50, "text_bytes": 4000})"));
  std::string answer;
  while (!ChunksOf(answer).ended && !other.ended()) {
    other.AwaitInput();
    answer += other.Receive();
  }
  EXPECT_THAT(ChunksOf(answer).pieces, SizeIs(50));
}

TEST_F(HopsTest, AReaderThatStandsStillStopsTheProducerThroughAllHops) {
  constexpr size_t kItem = 1'000'000;
  // Sockets hold some megabytes; each hop a window and an item or two.
  constexpr int kMostAhead = 40;
  TestClient client(address_);
  client.Send(Post("/run_remote", Text(R"({"to": 100000, "text_bytes": )", kItem, "}")));
  size_t received = 0;
  for (int round = 0; round < 3; ++round) {
    const size_t until = received + 20 * kItem;
    while (received < until && !client.ended()) {
      client.AwaitInput();
      received += client.Receive().size();
    }
    LetItTurn(300);
    EXPECT_LT(counting_.made, static_cast<int>(received / kItem) + kMostAhead);
  }
  EXPECT_GE(counting_.made, 60);
  client.Leave();
  for (int tries = 0; tries < 10'000 && counting_.live > 0; ++tries) LetItTurn(1);
  EXPECT_EQ(counting_.live, 0);
}

Task<std::vector<const char*>> TextsOf(numbers::Relay& relay) {
  numbers::CountRequest request;
  request.set_to(10);
  request.set_text_bytes(1000);
  std::vector<const char*> texts;
  std::vector<numbers::Item> kept;  // so that no address is used twice
  Stream<numbers::Item> items = relay.RunRemote(std::move(request));
  while (std::optional<numbers::Item> item = co_await items.Next()) {
    kept.push_back(*std::move(item));
    texts.push_back(kept.back().text().data());
  }
  co_return texts;
}

TEST(RelayTest, CopiesNoItemWhereBothAreInOneProcess) {
  Chain chain("relay");
  chain.Add<Relaying>(Needs<numbers::Numbers>{}).Entrypoint();
  Counting counting;
  counting.marks = true;
  LocalOptions options;
  options.fakes = {Fake<numbers::Numbers>(counting)};
  auto running = RunningChain::Start(chain, Placement::kTogether, std::move(options));
  ASSERT_TRUE(running.ok()) << running.status();
  const absl::StatusOr<std::vector<const char*>> texts =
      (*running)->Run<numbers::Relay>([](numbers::Relay& relay) { return TextsOf(relay); });
  ASSERT_TRUE(texts.ok()) << texts.status();
  EXPECT_THAT(*texts, SizeIs(10));
  EXPECT_EQ(*texts, counting.texts);  // the very bytes that the producer wrote
}

}  // namespace
}  // namespace chains::gateway
