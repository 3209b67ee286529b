#include "deploy/platform/assets.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/local_loop.h"
#include "chains/core/root.h"
#include "chains/core/text.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/bundle/temporary_folder.h"
#include "tests/deploy/load/scripted_server.h"

namespace chains::deploy {
namespace {

using load::ScriptedServer;
using ::testing::HasSubstr;
using Reply = ScriptedServer::Reply;

constexpr char kContent[] = "weights";

// What a push does with its bundle.
Task<void> CompleteIt(Assets& assets, v1::Bundle* bundle, std::vector<std::string>* notes) {
  Stream<std::string> stream = assets.Complete(bundle);
  while (true) {
    std::optional<std::string> note = co_await stream.Next();
    if (!note) co_return;
    notes->push_back(*std::move(note));
  }
}

class AssetsTest : public ::testing::Test {
 protected:
  AssetsTest() { ::setenv("no_proxy", "127.0.0.1", 1); }

  struct Push {
    v1::Bundle bundle = HelloBundle("program");
    std::vector<std::string> notes = {};
    std::optional<absl::Status> end = std::nullopt;
    std::unique_ptr<chains::internal::Root<void>> root = nullptr;
  };
  std::unique_ptr<Push> Begin() {
    auto push = std::make_unique<Push>();
    v1::Chainlet& chainlet = *push->bundle.mutable_manifest()->mutable_chainlets(0);
    chainlet.set_declared_at("main.cc:7");
    v1::Asset& asset = *chainlet.add_assets();
    asset.set_name("weights");
    asset.set_source(Text("http://", server_->address(), "/w"));
    asset.set_sha256(Hex(Sha256Of(kContent)));
    push->root = std::make_unique<chains::internal::Root<void>>(
        loop_, Context(), CompleteIt(*assets_, &push->bundle, &push->notes),
        [push = push.get()](const auto& outcome) { push->end = outcome.status(); });
    push->root->Start();
    return push;
  }
  void Serve(ScriptedServer::Script script) {
    server_ = std::make_unique<ScriptedServer>(std::move(script), ScriptedServer::Place::kPort);
  }
  void Run(absl::AnyInvocable<bool()> until) {
    const absl::Time limit = absl::Now() + absl::Seconds(30);
    loop_.RunUntil([&] { return until() || absl::Now() > limit; });
  }

  const TemporaryFolder folder_{TemporaryFolder::InMemory()};
  std::unique_ptr<BlobStore> store_ = BlobStore::Open(folder_ / "store").value();
  std::unique_ptr<ScriptedServer> server_;
  WorkerPool workers_;
  LocalLoop loop_{workers_};
  std::unique_ptr<Assets> assets_ = std::make_unique<Assets>(*store_);
};

TEST_F(AssetsTest, BecomeFilesOfTheBundle) {
  std::atomic<int> requests = 0;
  Serve([&](int, const std::string&) {
    ++requests;
    return ScriptedServer::Ok(kContent);
  });
  for (int i = 0; i < 2; ++i) {
    const std::unique_ptr<Push> push = Begin();
    Run([&] { return push->end.has_value(); });
    ASSERT_EQ(push->end, absl::OkStatus());
    ASSERT_EQ(push->bundle.files_size(), 2);
    EXPECT_EQ(push->bundle.files(0).path(), "assets/weights");
    EXPECT_EQ(push->bundle.files(0).size(), sizeof(kContent) - 1);
  }
  EXPECT_EQ(requests, 1);
}

TEST_F(AssetsTest, TwoWhoNeedTheSameWaitForOneDownload) {
  std::atomic<int> requests = 0;
  std::atomic<bool> both = false;
  Serve([&](int, const std::string&) {
    ++requests;
    while (!both) std::this_thread::yield();
    return ScriptedServer::Ok(kContent);
  });
  const std::unique_ptr<Push> first = Begin();
  const std::unique_ptr<Push> second = Begin();
  both = true;
  Run([&] { return first->end.has_value() && second->end.has_value(); });
  EXPECT_EQ(first->end, absl::OkStatus());
  EXPECT_EQ(second->end, absl::OkStatus());
  EXPECT_EQ(requests, 1);
}

TEST_F(AssetsTest, SaysHowFarItIs) {
  Serve([&](int, const std::string&) {
    return Reply{.bytes =
                     "HTTP/1.1 200 OK\r\nContent-Length: 2048\r\n\r\n" + std::string(512, 'x')};
  });
  const std::unique_ptr<Push> push = Begin();
  Run([&] { return !push->notes.empty(); });
  ASSERT_FALSE(push->notes.empty());
  EXPECT_EQ(push->notes[0], "fetching weights 0.5 of 2 KiB");
  EXPECT_FALSE(push->end.has_value());
}

TEST_F(AssetsTest, AFailureNamesTheAsset) {
  Serve([](int, const std::string&) {
    return Reply{.bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"};
  });
  const std::unique_ptr<Push> push = Begin();
  Run([&] { return push->end.has_value(); });
  ASSERT_TRUE(push->end.has_value());
  EXPECT_TRUE(absl::IsNotFound(*push->end));
  EXPECT_THAT(ToStd(push->end->message()),
              HasSubstr("the asset 'weights' of hello.HelloAll (main.cc:7): there is nothing at"));
  EXPECT_EQ(push->bundle.files_size(), 1);
}

TEST_F(AssetsTest, WhatNobodyWaitsForIsStoppedAndCanBeHadLater) {
  std::atomic<int> requests = 0;
  Serve([&](int number, const std::string&) {
    ++requests;
    if (number > 0) return ScriptedServer::Ok(kContent);
    return Reply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwei"};
  });
  std::unique_ptr<Push> dropped = Begin();
  Run([&] { return requests == 1; });
  dropped.reset();
  const std::unique_ptr<Push> push = Begin();
  Run([&] { return push->end.has_value(); });
  EXPECT_EQ(push->end, absl::OkStatus());
  EXPECT_EQ(requests, 2);
  assets_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "store/tmp"));
}

}  // namespace
}  // namespace chains::deploy
