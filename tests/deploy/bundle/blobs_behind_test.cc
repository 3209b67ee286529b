#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/bundle.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

class FakeObjects final : public ObjectStore {
 public:
  absl::Status Put(const std::string& name, const std::string& path) override {
    if (!failure.ok()) return failure;
    ++puts;
    objects[name] = TextOfFile(path);
    return absl::OkStatus();
  }
  absl::Status Get(const std::string& name,
                   const std::function<absl::Status(std::string_view)>& take) override {
    if (!failure.ok()) return failure;
    if (!objects.contains(name)) return absl::NotFoundError(name);
    const std::string& content = objects[name];
    for (size_t at = 0; at < content.size(); at += 3) {
      if (absl::Status status = take(std::string_view(content).substr(at, 3)); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }
  absl::StatusOr<bool> Has(const std::string& name) override {
    if (!failure.ok()) return failure;
    return objects.contains(name);
  }
  absl::StatusOr<std::vector<Found>> List(const std::string& prefix) override {
    if (!failure.ok()) return failure;
    std::vector<Found> found;
    for (const auto& [name, content] : objects) {
      if (name.starts_with(prefix)) found.push_back({name, content.size(), changed});
    }
    return found;
  }
  absl::Status Delete(const std::string& name) override {
    objects.erase(name);
    return failure;
  }

  std::map<std::string, std::string> objects;
  absl::Time changed = absl::Now() - absl::Hours(2);
  absl::Status failure;
  int puts = 0;
};

class BlobsBehindTest : public ::testing::Test {
 protected:
  // A store in a folder of this name.
  std::unique_ptr<BlobStore> Open(const std::string& name, bool behind = true) {
    auto store = BlobStore::Open(folder_ / name);
    EXPECT_THAT(store.status(), IsOk());
    if (behind) (*store)->KeepBehind(objects_);
    return *std::move(store);
  }
  static absl::Status Put(BlobStore& store, std::string_view content) {
    absl::StatusOr<BlobStore::Writer> writer = store.Begin(Sha256Of(content), content.size());
    if (!writer.ok()) return writer.status();
    if (absl::Status status = writer->Append(content); !status.ok()) return status;
    return writer->Commit();
  }
  static std::string NameOf(std::string_view content) {
    const std::string hex = Hex(Sha256Of(content));
    return Text("blobs/", hex.substr(0, 2), "/", hex.substr(2));
  }

  const TemporaryFolder folder_{TemporaryFolder::InMemory()};
  const std::shared_ptr<FakeObjects> objects_ = std::make_shared<FakeObjects>();
  const v1::Bundle bundle_ = HelloBundle("program");
};

TEST_F(BlobsBehindTest, KeepsWhatComesBehind) {
  const auto store = Open("one");
  ASSERT_THAT(Put(*store, "program"), IsOk());
  EXPECT_EQ(objects_->objects[NameOf("program")], "program");
  const auto digest = store->PutBundle(bundle_);
  ASSERT_THAT(digest, IsOk());
  EXPECT_EQ(objects_->objects["bundles/" + *digest], SerializeBundle(bundle_));
  EXPECT_THAT(Put(*store, "program"), IsOk());
  EXPECT_THAT(store->PutBundle(bundle_), IsOk());
  EXPECT_EQ(objects_->puts, 2);
}

TEST_F(BlobsBehindTest, AnotherStoreHasWhatIsBehind) {
  std::string digest;
  {
    const auto first = Open("one");
    ASSERT_THAT(Put(*first, "program"), IsOk());
    digest = *first->PutBundle(bundle_);
  }
  const auto second = Open("two");
  EXPECT_TRUE(second->Has(Sha256Of("program")));
  EXPECT_FALSE(second->Has(Sha256Of("other")));
  EXPECT_THAT(second->Missing(bundle_), IsEmpty());
  const auto bundle = second->GetBundle(digest);
  ASSERT_THAT(bundle, IsOk());
  ASSERT_THAT(second->Assemble(*bundle, folder_ / "files"), IsOk());
  EXPECT_EQ(TextOfFile(folder_ / "files/hello"), "program");
  const auto third = Open("three");
  EXPECT_EQ(third->Find(Sha256Of("program")), 7u);
  EXPECT_EQ(third->Find(Sha256Of("other")), std::nullopt);
  EXPECT_THAT(third->PutBundle(bundle_), IsOk());
  EXPECT_EQ(objects_->puts, 2);
  // From here on nothing is asked for.
  objects_->failure = absl::UnavailableError("gone");
  EXPECT_THAT(third->Assemble(bundle_, folder_ / "more"), IsOk());
  EXPECT_THAT(third->GetBundle(digest), IsOk());
}

TEST_F(BlobsBehindTest, NothingIsAcknowledgedThatIsNotBehind) {
  const auto store = Open("one");
  objects_->failure = absl::UnavailableError("the bucket is away");
  EXPECT_THAT(Put(*store, "program"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the bucket is away")));
  EXPECT_FALSE(store->Has(Sha256Of("program")));
  EXPECT_THAT(store->Missing(bundle_), SizeIs(1));
  objects_->failure = absl::OkStatus();
  ASSERT_THAT(Put(*store, "program"), IsOk());
  objects_->failure = absl::UnavailableError("the bucket is away");
  EXPECT_THAT(store->PutBundle(bundle_), StatusIs(absl::StatusCode::kUnavailable));
  objects_->failure = absl::OkStatus();
  EXPECT_THAT(store->PutBundle(bundle_), IsOk());
  EXPECT_EQ(objects_->puts, 2);
}

TEST_F(BlobsBehindTest, WhatWasHereBeforeGoesBehindWithItsBundle) {
  ASSERT_THAT(Put(*Open("one", false), "program"), IsOk());
  EXPECT_THAT(objects_->objects, IsEmpty());
  ASSERT_THAT(Open("one")->PutBundle(bundle_), IsOk());
  EXPECT_THAT(objects_->objects, SizeIs(2));
}

TEST_F(BlobsBehindTest, WhatIsDamagedBehindIsNotTaken) {
  std::string digest;
  {
    const auto first = Open("one");
    ASSERT_THAT(Put(*first, "program"), IsOk());
    digest = *first->PutBundle(bundle_);
  }
  objects_->objects[NameOf("program")] = "programs";
  objects_->objects["bundles/" + digest] = "x";
  const auto second = Open("two");
  EXPECT_THAT(second->Assemble(bundle_, folder_ / "files"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("object store")));
  EXPECT_THAT(second->GetBundle(digest), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_FALSE(fs::exists(folder_ / "files"));
  objects_->objects.clear();
  const auto third = Open("three");
  EXPECT_THAT(third->Assemble(bundle_, folder_ / "files"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(third->GetBundle(digest), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(BlobsBehindTest, CollectsBehindToo) {
  const auto store = Open("one");
  ASSERT_THAT(Put(*store, "program"), IsOk());
  ASSERT_THAT(Put(*store, "stray"), IsOk());
  const std::string kept = *store->PutBundle(bundle_);
  ASSERT_THAT(Put(*store, "other"), IsOk());
  ASSERT_THAT(store->PutBundle(HelloBundle("other")), IsOk());
  objects_->objects["blobs/not-ours"] = "x";

  objects_->changed = absl::Now() + absl::Hours(1);
  ASSERT_THAT(store->Collect({kept}, absl::ZeroDuration()), IsOk());
  EXPECT_THAT(objects_->objects, SizeIs(6)) << "all came just now";
  objects_->changed = absl::Now() - absl::Hours(2);
  ASSERT_THAT(store->Collect({kept}, -absl::Hours(2)), IsOk());
  EXPECT_THAT(objects_->objects, SizeIs(3));
  EXPECT_TRUE(objects_->objects.contains(NameOf("program")));
  EXPECT_TRUE(objects_->objects.contains("bundles/" + kept));
  EXPECT_FALSE(store->Has(Sha256Of("stray")));
}

}  // namespace
}  // namespace chains::deploy
