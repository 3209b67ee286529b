// What a store looks like after its process was cut off: before each of its operations on files in
// turn, at random moments, and when an operation fails.
#include <cstdlib>
#include <filesystem>
#include <random>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/bundle/blob_store.h"
#include "deploy/bundle/bundle.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::testing::HasSubstr;

const std::string& LargeFile() {
  static const std::string content(400'000, 'x');
  return content;
}

v1::Bundle FirstBundle() {
  v1::Bundle bundle = HelloBundle("program");
  AddFile(bundle, "lib/libfoo.so.1", "foo");
  AddFile(bundle, "assets/model", LargeFile());
  return bundle;
}
v1::Bundle SecondBundle() {
  v1::Bundle bundle = HelloBundle("program, edited");
  AddFile(bundle, "lib/libfoo.so.1", "foo");
  AddFile(bundle, "assets/program", "program, edited");  // the same file with another mode
  return bundle;
}

absl::Status Put(BlobStore& store, std::string_view content) {
  absl::StatusOr<BlobStore::Writer> writer = store.Begin(Sha256Of(content), content.size());
  if (!writer.ok()) return writer.status();
  absl::Status status = writer->Append(content.substr(0, content.size() / 2));
  if (status.ok()) status = writer->Append(content.substr(content.size() / 2));
  return status.ok() ? writer->Commit() : status;
}

// Two pushes, folders of both, one of them replaced, and a collection.
absl::Status Scenario(const std::string& root, Files::Hook hook) {
  absl::StatusOr<std::unique_ptr<BlobStore>> store =
      BlobStore::Open(root + "/store", std::move(hook));
  if (!store.ok()) return store.status();
  absl::Status status;
  for (const std::string& content :
       {std::string("program"), std::string("foo"), LargeFile(), std::string("program, edited")}) {
    if (status.ok()) status = Put(**store, content);
  }
  if (!status.ok()) return status;
  for (const v1::Bundle& bundle : {FirstBundle(), SecondBundle()}) {
    absl::StatusOr<std::string> digest = (*store)->PutBundle(bundle);
    if (!digest.ok()) return digest.status();
    status = (*store)->Assemble(bundle, root + "/" + *digest);
    if (status.ok()) status = (*store)->Assemble(bundle, root + "/latest");  // replaced
    if (!status.ok()) return status;
  }
  return (*store)->Collect({DigestOf(SecondBundle())}, -absl::Hours(1)).status();
}

bool IsTree(const std::string& dir, const v1::Bundle& bundle) {
  size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (!entry.is_directory()) ++files;
  }
  if (files != static_cast<size_t>(bundle.files_size())) return false;
  for (const v1::BundleFile& file : bundle.files()) {
    const absl::StatusOr<std::string> sha256 = Sha256OfFile(dir + "/" + file.path());
    if (!sha256.ok() || *sha256 != file.sha256()) return false;
    if ((access((dir + "/" + file.path()).c_str(), X_OK) == 0) != file.executable()) return false;
  }
  return true;
}

// Nothing that can be seen is half-made.
void ExpectWhole(const std::string& root) {
  for (const auto& entry : fs::recursive_directory_iterator(root + "/store/blobs")) {
    if (entry.is_directory()) continue;
    const std::string name =
        entry.path().parent_path().filename().string() + entry.path().filename().string();
    EXPECT_EQ(Hex(Sha256OfFile(entry.path()).value()), name);
  }
  absl::StatusOr<std::unique_ptr<BlobStore>> store = BlobStore::Open(root + "/store");
  ASSERT_THAT(store.status(), IsOk());
  EXPECT_TRUE(fs::is_empty(root + "/store/tmp"));
  for (const auto& entry : fs::directory_iterator(root + "/store/bundles")) {
    EXPECT_THAT((*store)->GetBundle(entry.path().filename().string()), IsOk());
  }
  for (const v1::Bundle& bundle : {FirstBundle(), SecondBundle()}) {
    const std::string dir = root + "/" + DigestOf(bundle);
    EXPECT_TRUE(!fs::exists(dir) || IsTree(dir, bundle)) << dir;
  }
  const std::string latest = root + "/latest";
  if (fs::exists(latest)) {
    EXPECT_TRUE(IsTree(latest, FirstBundle()) || IsTree(latest, SecondBundle()));
  }
}

// Runs the scenario in a process of its own; `hook` is called there.
pid_t Fork(const std::string& root, Files::Hook hook) {
  const pid_t pid = fork();
  if (pid == 0) _exit(Scenario(root, std::move(hook)).ok() ? 0 : 1);
  return pid;
}

int WaitFor(pid_t pid) {
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

int CountOperations() {
  const TemporaryFolder folder(TemporaryFolder::InMemory());
  EXPECT_THAT(BlobStore::Open(folder / "store").status(), IsOk());
  int count = 0;
  EXPECT_THAT(Scenario(folder.path(),
                       [&](std::string_view, std::string_view) {
                         ++count;
                         return absl::OkStatus();
                       }),
              IsOk());
  return count;
}

TEST(CrashTest, LeavesNothingHalfMadeBeforeAnyOperation) {
  const int operations = CountOperations();
  ASSERT_GT(operations, 50);
  for (int cut = 1; cut <= operations; ++cut) {
    SCOPED_TRACE(Text("killed before operation ", cut));
    const TemporaryFolder folder(TemporaryFolder::InMemory());
    ASSERT_THAT(BlobStore::Open(folder / "store").status(), IsOk());
    int left = cut;
    const int status = WaitFor(Fork(folder.path(), [&left](std::string_view, std::string_view) {
      if (--left == 0) raise(SIGKILL);
      return absl::OkStatus();
    }));
    ASSERT_TRUE(WIFSIGNALED(status));
    ExpectWhole(folder.path());
    ASSERT_THAT(Scenario(folder.path(), nullptr), IsOk()) << "it goes on from there";
    ExpectWhole(folder.path());
    EXPECT_FALSE(fs::exists(folder / "latest.assembling"));
  }
}

// The process is killed after it has said that it began some operation, while it goes on. How many
// times: CHAINS_SOAK_KILLS.
TEST(CrashTest, LeavesNothingHalfMadeAtAnyMoment) {
  const char* given = std::getenv("CHAINS_SOAK_KILLS");
  const int rounds = given != nullptr ? std::atoi(given) : 40;
  const int operations = CountOperations();
  std::mt19937 random(4);  // the same moments each time, as far as the system goes along
  const TemporaryFolder folder(TemporaryFolder::InMemory());
  ASSERT_THAT(BlobStore::Open(folder / "store").status(), IsOk());
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(Text("round ", round));
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t pid = Fork(folder.path(), [&](std::string_view, std::string_view) {
      return write(ends[1], "x", 1) == 1 ? absl::OkStatus() : absl::InternalError("no pipe");
    });
    close(ends[1]);
    char byte = 0;
    int until = std::uniform_int_distribution<int>(1, operations)(random);
    while (until-- > 0 && read(ends[0], &byte, 1) == 1) {
    }
    kill(pid, SIGKILL);
    WaitFor(pid);
    close(ends[0]);
    ExpectWhole(folder.path());
    if (HasFailure()) return;
  }
}

TEST(CrashTest, SaysWhichOperationFailedAndCanGoOn) {
  const int operations = CountOperations();
  for (int cut = 1; cut <= operations; ++cut) {
    SCOPED_TRACE(Text("operation ", cut, " fails"));
    const TemporaryFolder folder(TemporaryFolder::InMemory());
    ASSERT_THAT(BlobStore::Open(folder / "store").status(), IsOk());
    int left = cut;
    std::string failed;
    const absl::Status status =
        Scenario(folder.path(), [&](std::string_view operation, std::string_view path) {
          if (--left > 0 || !failed.empty()) return absl::OkStatus();
          failed = path;
          return FileError(operation, path, ENOSPC);
        });
    ASSERT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(status.message()), HasSubstr(failed));
    // Unless that is what failed, what was begun is gone.
    EXPECT_FALSE(fs::exists(folder / "latest.assembling") &&
                 failed != folder / "latest.assembling");
    ExpectWhole(folder.path());
    ASSERT_THAT(Scenario(folder.path(), nullptr), IsOk());
  }
}

}  // namespace
}  // namespace chains::deploy
