#include "deploy/platform/sweeping.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/bundle/bundle.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/bundle/temporary_folder.h"
#include "tests/deploy/platform/made_chains.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::testing::UnorderedElementsAre;

class SweepingTest : public ::testing::Test {
 protected:
  // Of a program with this content; long ago.
  std::string Deployed(const std::string& content) {
    const v1::Bundle bundle = HelloBundle(content);
    EXPECT_THAT(store_->PutFile(folder_.Write("program", content)).status(), IsOk());
    const std::string digest = store_->PutBundle(bundle).value();
    EXPECT_THAT(store_->Assemble(bundle, Folder(digest)), IsOk());
    const fs::file_time_type long_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
    fs::last_write_time(BlobPath(content), long_ago);
    fs::last_write_time(IndexPath(digest), long_ago);
    return digest;
  }
  std::string Folder(const std::string& digest) const {
    return Text(folder_.path(), "/bundles/", digest);
  }
  std::string IndexPath(const std::string& digest) const {
    return Text(folder_.path(), "/store/bundles/", digest);
  }
  std::string BlobPath(const std::string& content) const {
    const std::string hex = Hex(Sha256Of(content));
    return Text(folder_.path(), "/store/blobs/", hex.substr(0, 2), "/", hex.substr(2));
  }
  absl::Status SweepNow() { return Sweep(*store_, folder_ / "bundles", NeededBy(model_)); }
  Deployment& Add(const std::string& id, const std::string& live, const std::string& pending = "") {
    state::DeploymentRecord record;
    record.set_id(id);
    record.set_bundle(live);
    record.set_pending_bundle(pending);
    return *(model_.deployments[id] = std::make_unique<Deployment>(std::move(record)));
  }

  const TemporaryFolder folder_{TemporaryFolder::InMemory()};
  const std::unique_ptr<BlobStore> store_ = BlobStore::Open(folder_ / "store").value();
  Model model_{Capacity()};
};

TEST_F(SweepingTest, KeepsWhatIsLiveOrOnItsWay) {
  const std::string live = Deployed("live");
  const std::string pending = Deployed("pending");
  const std::string gone = Deployed("gone");
  Add("one", live, pending);
  ASSERT_THAT(SweepNow(), IsOk());
  for (const std::string& kept : {live, pending}) {
    EXPECT_TRUE(fs::exists(Folder(kept)));
    EXPECT_THAT(store_->GetBundle(kept), IsOk());
  }
  EXPECT_FALSE(fs::exists(Folder(gone)));
  EXPECT_FALSE(fs::exists(IndexPath(gone)));
  EXPECT_FALSE(fs::exists(BlobPath("gone")));
  EXPECT_TRUE(fs::exists(BlobPath("live")));
}

TEST_F(SweepingTest, KeepsTheFolderThatAReplicaRunsFrom) {
  const std::string older = Deployed("older");
  const std::string retired = Deployed("retired");
  const std::string live = Deployed("live");
  Deployment& deployment = Add("one", live);
  Replica replica;
  replica.bundle = older;
  deployment.replicas["r"] = replica;
  Revision revision = MakeTestRevision({{.name = "shop.Total"}});
  revision.bundle = retired;
  deployment.retired[1] = std::make_shared<const Revision>(revision);
  ASSERT_THAT(SweepNow(), IsOk());
  EXPECT_EQ(TextOfFile(Folder(older) + "/hello"), "older");
  EXPECT_EQ(TextOfFile(Folder(retired) + "/hello"), "retired");
  EXPECT_FALSE(fs::exists(IndexPath(older))) << "nothing is started from it any more";

  deployment.replicas.clear();
  deployment.retired.clear();
  ASSERT_THAT(SweepNow(), IsOk());
  EXPECT_FALSE(fs::exists(Folder(older)));
  EXPECT_FALSE(fs::exists(Folder(retired)));
}

TEST_F(SweepingTest, RemovesWhatWasHalfMadeAndLeavesWhatIsNotItsOwn) {
  const std::string live = Deployed("live");
  Add("one", live);
  fs::create_directories(Folder(live) + ".assembling/lib");
  folder_.Write("bundles/notes", "mine");
  ASSERT_THAT(SweepNow(), IsOk());
  EXPECT_FALSE(fs::exists(Folder(live) + ".assembling"));
  EXPECT_TRUE(fs::exists(folder_ / "bundles/notes"));
}

TEST_F(SweepingTest, ADamagedIndexKeepsNothingElseFromGoing) {
  const std::string damaged = Deployed("damaged");
  const std::string gone = Deployed("gone");
  fs::permissions(IndexPath(damaged), fs::perms::owner_all);
  folder_.Write(Text("store/bundles/", damaged), "nonsense");
  Add("one", damaged);
  Add("two", "");
  ASSERT_THAT(SweepNow(), IsOk());
  EXPECT_FALSE(fs::exists(Folder(gone)));
  EXPECT_TRUE(fs::exists(Folder(damaged)));
}

TEST_F(SweepingTest, NothingIsThereAtFirst) { EXPECT_THAT(SweepNow(), IsOk()); }

}  // namespace
}  // namespace chains::deploy
