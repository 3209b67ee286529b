// What Add and Declare collect, and that what they collect can be built.
#include "chains/chain/declaration.h"

#include <string>

#include <gtest/gtest.h>

#include "chains/chain/chain.h"
#include "shop.chains.h"

namespace tests::shop {
namespace {

class Book {};

class RealPricer final : public Pricer {
 public:
  chains::Task<Price> RunRemote(Item) override { co_return Price(); }
};

class RealTill : public Till {
 public:
  chains::Task<Price> RunRemote(Item) override { co_return Price(); }
  chains::Task<Price> Refund(Item) override { co_return Price(); }
  chains::Stream<Price> Watch(Item) override { co_yield Price(); }
  absl::Status Healthy() const { return absl::UnavailableError("no change left"); }
};

class RealClerk : public Clerk {
 public:
  RealClerk(Pricer& p, Book& b, Till& t, const chains::DeploymentContext& c)
      : pricer(p), book(b), till(t), environment(c.environment()) {}
  chains::Task<Price> RunRemote(Item) override { co_return Price(); }

  Pricer& pricer;
  Book& book;
  Till& till;
  std::string environment;
};

chains::DeploymentContext InProduction() {
  return chains::DeploymentContext({.environment = "production", .data_dir = {}});
}

TEST(DeclarationTest, AddCollectsWhatItIsGivenWithDefaults) {
  chains::Chain chain("shop");
  const int line = __LINE__ + 1;
  chain.Add<RealTill>(chains::Resources{.cpus = 2}, chains::Settings{.display_name = "Kasse"});
  chain.Add<RealPricer>().Entrypoint();

  const chains::internal::ChainletSpec& till = chain.spec().chainlets[0];
  EXPECT_EQ(till.name(), "tests.shop.Till");
  EXPECT_EQ(till.implementation, "tests::shop::(anonymous namespace)::RealTill");
  EXPECT_EQ(till.where.file_name(), "declaration_test.cc");
  EXPECT_EQ(till.where.line, line);
  EXPECT_EQ(till.resources.cpus, 2);
  EXPECT_EQ(till.resources.memory, "2Gi");
  EXPECT_EQ(till.settings.display_name, "Kasse");
  EXPECT_EQ(till.limits.concurrency_limit, 256);
  EXPECT_FALSE(till.entrypoint);

  EXPECT_EQ(chain.spec().name, "shop");
  EXPECT_EQ(chain.spec().where.file_name(), "declaration_test.cc");
  EXPECT_EQ(chain.spec().where.line, line - 2);
  EXPECT_EQ(chain.spec().Entrypoint()->name(), "tests.shop.Pricer");
}

TEST(DeclarationTest, DependenciesAreCollectedInOrder) {
  chains::Chain chain("shop");
  chain.Add<RealClerk>(chains::Autoscaling{.max_replica = 3},
                       chains::Needs<Pricer>{.attempts = 3, .timeout = absl::Seconds(2)},
                       chains::Shared<Book>(), chains::Needs<Till>{.max_in_flight = 7});
  const chains::internal::ChainletSpec& clerk = chain.spec().chainlets[0];
  EXPECT_EQ(clerk.autoscaling.max_replica, 3);
  ASSERT_EQ(clerk.dependencies.size(), 2);
  EXPECT_EQ(clerk.dependencies[0].callee->info->name, "tests.shop.Pricer");
  EXPECT_EQ(clerk.dependencies[0].attempts, 3);
  EXPECT_EQ(clerk.dependencies[0].timeout, absl::Seconds(2));
  EXPECT_EQ(clerk.dependencies[1].callee->info->name, "tests.shop.Till");
  EXPECT_EQ(clerk.dependencies[1].max_in_flight, 7);
}

TEST(DeclarationTest, AConstructorGetsWhatAddListsAndTheContextLast) {
  chains::Shared<Book> book;
  chains::Chain chain("shop");
  chain.Add<RealClerk>(chains::Needs<Pricer>{}, book, chains::Needs<Till>{});
  RealPricer pricer;
  RealTill till;
  const std::vector<void*> dependencies = {static_cast<Pricer*>(&pricer),
                                           static_cast<Till*>(&till)};

  absl::StatusOr<chains::internal::Built> built =
      chain.spec().chainlets[0].build(dependencies, InProduction());
  ASSERT_TRUE(built.ok()) << built.status();
  const auto& clerk = static_cast<RealClerk&>(*static_cast<Clerk*>(built->chainlet));
  EXPECT_EQ(&clerk.pricer, &pricer);
  EXPECT_EQ(&clerk.till, &till);
  EXPECT_EQ(&clerk.book, *book.Get(InProduction()));
  EXPECT_EQ(clerk.environment, "production");
  EXPECT_FALSE(built->healthy);
}

TEST(DeclarationTest, AHealthHookIsFound) {
  chains::Chain chain("shop");
  chain.Add<RealTill>();
  absl::StatusOr<chains::internal::Built> built =
      chain.spec().chainlets[0].build({}, InProduction());
  ASSERT_TRUE(built.ok()) << built.status();
  ASSERT_TRUE(built->healthy);
  EXPECT_EQ(built->healthy(), absl::UnavailableError("no change left"));
}

TEST(DeclarationTest, ASharedThatCannotBeMadeFailsEveryChainletOnce) {
  int asked = 0;
  chains::Shared<Book> book(
      [&asked](const chains::DeploymentContext&) -> absl::StatusOr<std::unique_ptr<Book>> {
        ++asked;
        return absl::NotFoundError("no paper");
      });
  chains::Chain chain("shop");
  chain.Add<RealClerk>(chains::Needs<Pricer>{}, book, chains::Needs<Till>{});
  RealPricer pricer;
  RealTill till;
  const std::vector<void*> dependencies = {static_cast<Pricer*>(&pricer),
                                           static_cast<Till*>(&till)};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(chain.spec().chainlets[0].build(dependencies, InProduction()).status(),
              absl::NotFoundError("no paper"));
  }
  EXPECT_EQ(asked, 1);
}

TEST(DeclarationTest, DeclareKeepsAPlace) {
  chains::Chain chain("shop");
  chain.Declare<Pricer>(chains::Resources{.gpu = "L4"}).Entrypoint();
  const chains::internal::ChainletSpec& pricer = chain.spec().chainlets[0];
  EXPECT_EQ(pricer.name(), "tests.shop.Pricer");
  EXPECT_EQ(pricer.implementation, "");
  EXPECT_EQ(pricer.resources.gpu, "L4");
  EXPECT_EQ(pricer.where.file_name(), "declaration_test.cc");
  EXPECT_TRUE(pricer.entrypoint);
  EXPECT_EQ(pricer.build, nullptr);
}

}  // namespace
}  // namespace tests::shop
