#include "deploy/bundle/blob_store.h"

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/bundle/bundle.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class BlobStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    store_.reset();
    absl::StatusOr<std::unique_ptr<BlobStore>> store = BlobStore::Open(folder_ / "store");
    ASSERT_THAT(store.status(), IsOk());
    store_ = *std::move(store);
  }

  absl::Status Put(std::string_view content) {
    absl::StatusOr<BlobStore::Writer> writer = store_->Begin(Sha256Of(content), content.size());
    if (!writer.ok()) return writer.status();
    if (absl::Status status = writer->Append(content); !status.ok()) return status;
    return writer->Commit();
  }

  std::string BlobPath(std::string_view content) const {
    const std::string hex = Hex(Sha256Of(content));
    return folder_ / Text("store/blobs/", hex.substr(0, 2), "/", hex.substr(2));
  }

  std::vector<std::string> Temporaries() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "store/tmp")) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  unsigned ModeOf(const std::string& path) const {
    struct stat info = {};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  const TemporaryFolder folder_{TemporaryFolder::InMemory()};
  std::unique_ptr<BlobStore> store_;
};

TEST_F(BlobStoreTest, HasWhatWasCommitted) {
  EXPECT_FALSE(store_->Has(Sha256Of("text")));
  ASSERT_THAT(Put("text"), IsOk());
  EXPECT_TRUE(store_->Has(Sha256Of("text")));
  EXPECT_EQ(TextOfFile(BlobPath("text")), "text");
  EXPECT_EQ(ModeOf(BlobPath("text")), 0444u);
  EXPECT_THAT(Put("text"), IsOk()) << "a second time";
  EXPECT_THAT(Put(""), IsOk());
  EXPECT_THAT(Temporaries(), IsEmpty());
  Reopen();
  EXPECT_TRUE(store_->Has(Sha256Of("text")));
}

TEST_F(BlobStoreTest, KeepsNothingOfAnUploadThatWasCutOff) {
  {
    absl::StatusOr<BlobStore::Writer> writer = store_->Begin(Sha256Of("text"), 4);
    ASSERT_THAT(writer->Append("te"), IsOk());
    EXPECT_EQ(Temporaries().size(), 1u);
    EXPECT_THAT(writer->Commit(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ends after 2 of 4 bytes")));
  }
  EXPECT_THAT(Temporaries(), IsEmpty());
  EXPECT_FALSE(store_->Has(Sha256Of("text")));
}

TEST_F(BlobStoreTest, RefusesOtherContentThanAnnounced) {
  absl::StatusOr<BlobStore::Writer> writer = store_->Begin(Sha256Of("text"), 4);
  EXPECT_THAT(writer->Append("longer"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("longer than the 4 bytes")));
  ASSERT_THAT(writer->Append("TEXT"), IsOk());
  EXPECT_THAT(writer->Commit(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(Hex(Sha256Of("text"))), HasSubstr(Hex(Sha256Of("TEXT"))))));
  EXPECT_THAT(Temporaries(), IsEmpty());
  EXPECT_THAT(store_->Begin("short", 1), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(BlobStoreTest, TakesAFileOfWhichOnlyTheMostIsKnown) {
  absl::StatusOr<BlobStore::Writer> writer = store_->BeginUpTo(Sha256Of("text"), 6);
  ASSERT_THAT(writer->Append("te"), IsOk());
  ASSERT_THAT(writer->Append("xt"), IsOk());
  EXPECT_THAT(writer->Append("more"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(writer->written(), 4u);
  EXPECT_THAT(writer->Commit(), IsOk());
  EXPECT_TRUE(store_->Has(Sha256Of("text")));
  EXPECT_THAT(store_->BeginUpTo("short", 1), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(BlobStoreTest, SaysWhatIsMissing) {
  v1::Bundle bundle = HelloBundle("program");
  AddFile(bundle, "assets/a", "model");
  AddFile(bundle, "assets/b", "model");
  EXPECT_THAT(store_->Missing(bundle),
              UnorderedElementsAre(Sha256Of("program"), Sha256Of("model")));
  EXPECT_THAT(store_->PutBundle(bundle), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                  HasSubstr("the file assets/a of the bundle")));
  ASSERT_EQ(store_->PutFile(folder_.Write("model", "model")).value(), Sha256Of("model"));
  EXPECT_THAT(store_->Missing(bundle), ElementsAre(Sha256Of("program")));
}

TEST_F(BlobStoreTest, KeepsBundlesByTheirDigest) {
  ASSERT_THAT(Put("program"), IsOk());
  const v1::Bundle bundle = HelloBundle("program");
  const std::string digest = store_->PutBundle(bundle).value();
  EXPECT_EQ(digest, DigestOf(bundle));
  EXPECT_EQ(store_->PutBundle(bundle).value(), digest);
  Reopen();
  EXPECT_EQ(DigestOf(store_->GetBundle(digest).value()), digest);
  EXPECT_THAT(store_->GetBundle(std::string(64, '0')), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->GetBundle("../../x"), StatusIs(absl::StatusCode::kInvalidArgument));

  const std::string index = folder_ / ("store/bundles/" + digest);
  fs::permissions(index, fs::perms::owner_all);
  folder_.Write("store/bundles/" + digest, "damaged");
  EXPECT_THAT(store_->GetBundle(digest),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(index + " is damaged")));
  EXPECT_EQ(store_->PutBundle(bundle).value(), digest) << "it can be pushed again";
  EXPECT_THAT(store_->GetBundle(digest), IsOk());
}

class AssembleTest : public BlobStoreTest {
 protected:
  void SetUp() override {
    BlobStoreTest::SetUp();
    for (const char* content : {"program", "foo", "model"}) ASSERT_THAT(Put(content), IsOk());
    AddFile(bundle_, "lib/libfoo.so.1", "foo");
    AddFile(bundle_, "assets/en/model.bin", "model");
  }

  void ExpectComplete() {
    EXPECT_EQ(TextOfFile(dir_ + "/hello"), "program");
    EXPECT_EQ(ModeOf(dir_ + "/hello"), 0555u);
    EXPECT_EQ(TextOfFile(dir_ + "/lib/libfoo.so.1"), "foo");
    EXPECT_EQ(ModeOf(dir_ + "/lib/libfoo.so.1"), 0444u);
    EXPECT_EQ(TextOfFile(dir_ + "/assets/en/model.bin"), "model");
    EXPECT_FALSE(fs::exists(dir_ + ".assembling"));
  }

  v1::Bundle bundle_ = HelloBundle("program");
  const std::string dir_ = folder_ / "files";
};

TEST_F(AssembleTest, MakesTheTreeOfLinks) {
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  ExpectComplete();
  EXPECT_TRUE(fs::equivalent(dir_ + "/lib/libfoo.so.1", BlobPath("foo")));
  EXPECT_THAT(store_->Assemble(bundle_, folder_ / "second"), IsOk());
  EXPECT_TRUE(fs::equivalent(folder_ / "second/hello", dir_ + "/hello"));
}

TEST_F(AssembleTest, DoesNothingWhereItIsComplete) {
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  struct stat before, after;
  ASSERT_EQ(stat(dir_.c_str(), &before), 0);
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  Reopen();
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  ASSERT_EQ(stat(dir_.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(AssembleTest, MakesAFolderAnewThatWasChanged) {
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  fs::remove(dir_ + "/lib/libfoo.so.1");
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  ExpectComplete();
  fs::remove(dir_ + "/lib/libfoo.so.1");
  folder_.Write("files/lib/libfoo.so.1", "bar");
  fs::permissions(dir_ + "/lib/libfoo.so.1", fs::perms(0444));
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  ExpectComplete();
}

TEST_F(AssembleTest, GivesEveryFileItsOwnMode) {
  AddFile(bundle_, "assets/program", "program", false);
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  ExpectComplete();
  EXPECT_EQ(ModeOf(dir_ + "/assets/program"), 0444u);
  EXPECT_EQ(TextOfFile(dir_ + "/assets/program"), "program");
}

TEST_F(AssembleTest, NeverLinksADamagedFile) {
  fs::permissions(BlobPath("foo"), fs::perms::owner_all);
  std::ofstream(BlobPath("foo")) << "bar";
  EXPECT_THAT(store_->Assemble(bundle_, dir_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("lib/libfoo.so.1")));
  EXPECT_FALSE(fs::exists(dir_));
  EXPECT_FALSE(fs::exists(dir_ + ".assembling"));
  EXPECT_THAT(store_->Missing(bundle_), ElementsAre(Sha256Of("foo")));
  ASSERT_THAT(Put("foo"), IsOk());
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  ExpectComplete();
}

TEST_F(AssembleTest, SeesDamageThatCameAfterItWasUsed) {
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  fs::permissions(BlobPath("foo"), fs::perms::owner_all);
  std::ofstream(BlobPath("foo")) << "bar";
  fs::permissions(BlobPath("foo"), fs::perms(0444));
  EXPECT_THAT(store_->Assemble(bundle_, folder_ / "second"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("lib/libfoo.so.1")));
}

TEST_F(AssembleTest, SaysWhichFileIsNotThere) {
  AddFile(bundle_, "assets/none", "none");
  EXPECT_THAT(store_->Assemble(bundle_, dir_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("the file assets/none")));
  EXPECT_FALSE(fs::exists(dir_));
}

TEST_F(AssembleTest, RefusesABundleThatLeavesItsFolder) {
  AddFile(bundle_, "../out", "foo");
  EXPECT_THAT(store_->Assemble(bundle_, dir_), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(AssembleTest, SurvivesTheCollectionOfItsFiles) {
  ASSERT_THAT(store_->Assemble(bundle_, dir_), IsOk());
  const BlobStore::Collected collected = store_->Collect({}, -absl::Hours(1)).value();
  EXPECT_EQ(collected.files, 3u);
  EXPECT_EQ(collected.bytes, 15u);
  ExpectComplete();
}

TEST_F(BlobStoreTest, CollectsWhatNoKeptBundleHas) {
  for (const char* content : {"program", "old", "shared", "stray"})
    ASSERT_THAT(Put(content), IsOk());
  v1::Bundle now = HelloBundle("program");
  AddFile(now, "shared", "shared");
  v1::Bundle before = HelloBundle("old");
  AddFile(before, "shared", "shared");
  const std::string kept = store_->PutBundle(now).value();
  const std::string gone = store_->PutBundle(before).value();

  EXPECT_EQ(store_->Collect({kept}).value().files, 0u) << "all of it is younger than an hour";
  const BlobStore::Collected collected = store_->Collect({kept}, -absl::Hours(1)).value();
  EXPECT_EQ(collected.files, 2u);
  EXPECT_EQ(collected.bundles, 1u);
  EXPECT_TRUE(store_->Missing(now).empty());
  EXPECT_THAT(store_->GetBundle(kept), IsOk());
  EXPECT_THAT(store_->GetBundle(gone), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(store_->Has(Sha256Of("stray")));
}

TEST_F(BlobStoreTest, DoesNotCollectWhatAPushWasToldIsHere) {
  ASSERT_THAT(Put("program"), IsOk());
  const fs::file_time_type long_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
  fs::last_write_time(BlobPath("program"), long_ago);
  EXPECT_TRUE(store_->Missing(HelloBundle("program")).empty());
  EXPECT_EQ(store_->Collect({}).value().files, 0u);
  Reopen();
  EXPECT_EQ(store_->Collect({}).value().files, 1u);
}

TEST_F(BlobStoreTest, DoesNotCollectWhatSomebodyHasFound) {
  ASSERT_THAT(Put("program"), IsOk());
  const fs::file_time_type long_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
  fs::last_write_time(BlobPath("program"), long_ago);
  EXPECT_EQ(store_->Find(Sha256Of("program")), 7u);
  EXPECT_EQ(store_->Find(Sha256Of("other")), std::nullopt);
  EXPECT_EQ(store_->Find("short"), std::nullopt);
  EXPECT_EQ(store_->Collect({}).value().files, 0u);
}

TEST_F(BlobStoreTest, CollectsNothingWhenABundleToKeepIsNotThere) {
  ASSERT_THAT(Put("program"), IsOk());
  EXPECT_THAT(store_->Collect({std::string(64, '0')}, -absl::Hours(1)),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(store_->Has(Sha256Of("program")));
}

TEST_F(BlobStoreTest, BelongsToOneProcessAtATime) {
  EXPECT_THAT(BlobStore::Open(folder_ / "store").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("another process uses " + (folder_ / "store"))));
}

TEST_F(BlobStoreTest, RemovesWhatWasHalfWritten) {
  store_.reset();
  folder_.Write("store/tmp/1", "half");
  Reopen();
  EXPECT_THAT(Temporaries(), IsEmpty());
}

TEST_F(BlobStoreTest, NamesAFolderThatCannotBeUsed) {
  const std::string file = folder_.Write("file", "");
  EXPECT_THAT(BlobStore::Open(file + "/store").status().message(), HasSubstr(file + "/store"));
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::create_directory(folder_ / "closed");
  fs::permissions(folder_ / "closed", fs::perms::none);
  EXPECT_THAT(BlobStore::Open(folder_ / "closed/store").status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(folder_ / "closed/store")));
}

TEST(FileErrorTest, SaysTheNextStep) {
  EXPECT_THAT(FileError("write", "/data/x", ENOSPC),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("cannot write /data/x"), HasSubstr("free space there"))));
  EXPECT_THAT(FileError("read", "/data/x", EACCES),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("look who owns it")));
}

}  // namespace
}  // namespace chains::deploy
