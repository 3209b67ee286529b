// BlobStore: files that come in several goes, and what they cost.
#include <filesystem>
#include <memory>
#include <string>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/bundle/blob_store.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;

class BlobPartialTest : public ::testing::Test {
 protected:
  BlobPartialTest() { Reopen(); }
  void Reopen() {
    store_.reset();
    store_ = BlobStore::Open(folder_ / "store").value();
  }
  // Appends to what there is of the file; 0 more: only looks.
  uint64_t Add(const std::string& whole, std::string_view more) {
    BlobStore::Writer writer = store_->GoOn(Sha256Of(whole), whole.size()).value();
    EXPECT_THAT(writer.Append(more), IsOk());
    return writer.written();
  }
  uint64_t Partial(const std::string& whole) { return Add(whole, ""); }

  const TempFolder folder_{InMemory()};
  std::unique_ptr<BlobStore> store_;
};

TEST_F(BlobPartialTest, WhatWasBegunIsGoneOnWithByThisProcessAndTheNext) {
  EXPECT_EQ(Add("0123456789", "0123"), 4u);
  EXPECT_EQ(Add("0123456789", "45"), 6u);
  Reopen();
  BlobStore::Writer writer = store_->GoOn(Sha256Of("0123456789"), 10).value();
  EXPECT_EQ(writer.written(), 6u);
  ASSERT_THAT(writer.Append("6789"), IsOk());
  ASSERT_THAT(writer.Commit(), IsOk());
  EXPECT_TRUE(store_->Has(Sha256Of("0123456789")));
  EXPECT_EQ(Partial("0123456789"), 0u);
}

TEST_F(BlobPartialTest, WhatTurnsOutToBeAnotherFileIsNotKept) {
  BlobStore::Writer writer = store_->GoOn(Sha256Of("right"), 5).value();
  ASSERT_THAT(writer.Append("wrong"), IsOk());
  EXPECT_THAT(writer.Commit(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Partial("right"), 0u);
}

TEST_F(BlobPartialTest, MoreThanAllOfAFileIsNothingOfIt) {
  Add(std::string("0123456789"), "01234567");
  BlobStore::Writer writer = store_->GoOn(Sha256Of("0123456789"), 4).value();
  EXPECT_EQ(writer.written(), 0u);
}

TEST_F(BlobPartialTest, WhatIsDiscardedIsGone) {
  BlobStore::Writer writer = store_->GoOn(Sha256Of("0123456789"), 10).value();
  ASSERT_THAT(writer.Append("0123"), IsOk());
  writer.Discard();
  EXPECT_EQ(Partial("0123456789"), 0u);
}

TEST_F(BlobPartialTest, AllFilesCountAndWhatNobodyAwaitsGoes) {
  const v1::Bundle coming = HelloBundle("0123456789");
  EXPECT_EQ(store_->Size().value(), 0u);
  Add("0123456789", "0123");
  Add("of another", "of");
  BlobStore::Writer writer = store_->Begin(Sha256Of("whole"), 5).value();
  ASSERT_THAT(writer.Append("whole"), IsOk());
  ASSERT_THAT(writer.Commit(), IsOk());
  EXPECT_EQ(store_->Size().value(), 11u);
  ASSERT_THAT(store_->Collect({}, absl::ZeroDuration(), &coming).status(), IsOk());
  EXPECT_EQ(store_->Size().value(), 4u);
  EXPECT_EQ(Partial("0123456789"), 4u);
  ASSERT_THAT(store_->Collect({}, absl::ZeroDuration()).status(), IsOk());
  EXPECT_EQ(store_->Size().value(), 0u);
}

// A folder that is made at once need not read its files again; but what changed meanwhile is seen.
TEST_F(BlobPartialTest, WhatIsDamagedBetweenItsArrivalAndItsFirstFolderIsFound) {
  const std::string content = "the program";
  BlobStore::Writer writer = store_->GoOn(Sha256Of(content), content.size()).value();
  ASSERT_THAT(writer.Append(content), IsOk());
  ASSERT_THAT(writer.Commit(), IsOk());
  const std::string hex = Hex(Sha256Of(content));
  const std::string blob = folder_ / Text("store/blobs/", hex.substr(0, 2), "/", hex.substr(2));
  ASSERT_EQ(chmod(blob.c_str(), 0644), 0);
  const Files files;
  ASSERT_THAT(files.Remove(blob), IsOk());
  ASSERT_THAT(files.Write(files.Create(blob).value(), "the pr0gram"), IsOk());
  EXPECT_THAT(store_->Assemble(HelloBundle(content), folder_ / "tree"),
              StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace chains::deploy
