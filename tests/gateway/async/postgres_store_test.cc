// A queue in PostgreSQL, against a real server. One test each, because a server takes a second or
// two.
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "gateway/async/sql_store.h"
#include "tests/gateway/async/postgres_server.h"
#include "tests/gateway/async/store_contract.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<JobStore> OpenAt(const std::string& url) {
  absl::StatusOr<std::unique_ptr<JobStore>> store = OpenJobStore(url);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

void KeepsTheContract(PostgresServer& server) {
  for (const ContractCase& each : StoreContract()) {
    SCOPED_TRACE(each.name);
    server.Clear();
    each.run([&] { return OpenAt(server.url()); });
  }
}

// Each job goes to one of several gateways that ask at once, and none waits for another.
void SharesJobsAmongGateways(PostgresServer& server) {
  constexpr int kJobs = 200;
  constexpr int kGateways = 4;
  server.Clear();
  {
    const std::unique_ptr<JobStore> store = OpenAt(server.url());
    ASSERT_TRUE(store
                    ->Transaction([&]() -> absl::Status {
                      for (int i = 0; i < kJobs; ++i) {
                        if (auto added = store->Add(JobOf(Text("j", i))); !added.ok())
                          return added.status();
                      }
                      return absl::OkStatus();
                    })
                    .ok());
  }
  std::vector<std::vector<std::string>> taken(kGateways);
  std::vector<std::thread> gateways;
  for (int g = 0; g < kGateways; ++g) {
    gateways.emplace_back([&, g] {
      const std::unique_ptr<JobStore> store = OpenAt(server.url());
      while (true) {
        std::vector<LeasedJob> jobs;
        const absl::Status leased = store->Transaction([&] {
          absl::StatusOr<std::vector<LeasedJob>> got =
              store->Lease({.owner = Text("g", g), .now = At(1), .until = At(31), .most = 7});
          if (got.ok()) jobs = *std::move(got);
          return got.status();
        });
        ASSERT_TRUE(leased.ok()) << leased;
        if (jobs.empty()) return;
        for (const LeasedJob& job : jobs) taken[static_cast<size_t>(g)].push_back(job.id);
      }
    });
  }
  std::set<std::string> all;
  size_t count = 0;
  for (int g = 0; g < kGateways; ++g) {
    gateways[static_cast<size_t>(g)].join();
    const auto& ids = taken[static_cast<size_t>(g)];
    count += ids.size();
    all.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(count, static_cast<size_t>(kJobs));
  EXPECT_EQ(all.size(), static_cast<size_t>(kJobs));
}

void GoesOnAfterTheServersRestart(PostgresServer& server) {
  server.Clear();
  const std::unique_ptr<JobStore> store = OpenAt(server.url());
  ASSERT_TRUE(store->Transaction([&] { return store->Add(JobOf("a")).status(); }).ok());
  server.Crash();
  const absl::Status away = store->Transaction([&] { return store->Add(JobOf("b")).status(); });
  EXPECT_TRUE(absl::IsUnavailable(away)) << away;
  server.Start();
  ASSERT_TRUE(store->Transaction([&] { return store->Add(JobOf("b")).status(); }).ok());
  for (const char* id : {"a", "b"}) EXPECT_TRUE((*store->Find(id)).has_value());
}

TEST(PostgresStoreTest, KeepsTheContractSharesAndGoesOnAfterACrash) {
  if (PostgresServer::Missing()) {
    GTEST_SKIP() << "SKIPPED: PostgreSQL is not installed (./dev setup test)";
  }
  PostgresServer server;
  ASSERT_FALSE(server.url().empty());
  KeepsTheContract(server);
  SharesJobsAmongGateways(server);
  GoesOnAfterTheServersRestart(server);
}

TEST(PostgresQueueTest, SaysThatNobodyIsThereWithoutThePassword) {
  const absl::Status failed =
      OpenJobStore("postgresql://me:secret@127.0.0.1:1/none?connect_timeout=2").status();
  EXPECT_TRUE(absl::IsUnavailable(failed)) << failed;
  EXPECT_THAT(std::string(failed.message()), HasSubstr("--async-queue"));
  EXPECT_THAT(std::string(failed.message()), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace chains::gateway
