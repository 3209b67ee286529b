#include "media_file.h"

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace transcribe {
namespace {

namespace fs = std::filesystem;

// outside/secret.wav beside allowed/, which has speech.wav and sub/more.wav.
class MediaFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "media_file_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    base_ = name;
    fs::create_directories(allowed() / "sub");
    fs::create_directories(base_ / "outside");
    fs::create_directories(base_ / "allowed-too");
    Write(allowed() / "speech.wav", "speech");
    Write(allowed() / "sub/more.wav", "more");
    Write(base_ / "outside/secret.wav", "secret");
    Write(base_ / "allowed-too/secret.wav", "secret");
  }
  void TearDown() override { fs::remove_all(base_); }

  static void Write(const fs::path& path, const char* text) { std::ofstream(path) << text; }
  fs::path allowed() const { return base_ / "allowed"; }
  absl::StatusOr<std::string> Read(const fs::path& path) const {
    absl::StatusOr<FileSource> file = OpenMediaFile(allowed(), path.string(), 100);
    if (!file.ok()) return file.status();
    std::string contents(200, 0);
    contents.resize(file->ReadAt(0, contents).value());
    return contents;
  }
  absl::StatusCode CodeOf(const fs::path& path) const { return Read(path).status().code(); }

  fs::path base_;
};

TEST_F(MediaFileTest, ReadsWhatIsInTheFolder) {
  EXPECT_EQ(Read("speech.wav").value(), "speech");
  EXPECT_EQ(Read("sub/more.wav").value(), "more");
  EXPECT_EQ(Read("sub/../speech.wav").value(), "speech");
  EXPECT_EQ(Read(allowed() / "speech.wav").value(), "speech");
}

TEST_F(MediaFileTest, FollowsLinksThatStayInTheFolder) {
  fs::create_symlink("sub", allowed() / "folder");
  fs::create_symlink(allowed() / "speech.wav", allowed() / "link.wav");
  EXPECT_EQ(Read("folder/more.wav").value(), "more");
  EXPECT_EQ(Read("link.wav").value(), "speech");
}

TEST_F(MediaFileTest, RefusesWhatIsOutside) {
  EXPECT_EQ(CodeOf("../outside/secret.wav"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf("../allowed-too/secret.wav"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(base_ / "outside/secret.wav"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf("sub/../../outside/secret.wav"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(".."), absl::StatusCode::kPermissionDenied);
}

TEST_F(MediaFileTest, RefusesLinksThatLeadOutside) {
  fs::create_symlink("../outside/secret.wav", allowed() / "link.wav");
  fs::create_symlink(base_ / "outside", allowed() / "folder");
  EXPECT_EQ(CodeOf("link.wav"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf("folder/secret.wav"), absl::StatusCode::kPermissionDenied);
}

// Nobody learns from the answer which files there are elsewhere.
TEST_F(MediaFileTest, AnswersTheSameForFilesThatAreNotThereOutside) {
  EXPECT_EQ(CodeOf("../outside/nothing.wav"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(base_ / "nothing.wav"), absl::StatusCode::kPermissionDenied);
}

TEST_F(MediaFileTest, NamesWhatIsNotThere) {
  const absl::Status status = Read("nothing.wav").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("media_path nothing.wav"));
}

TEST_F(MediaFileTest, ReadsFilesOnly) {
  ASSERT_EQ(mkfifo((allowed() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(CodeOf("pipe"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf("sub"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(""), absl::StatusCode::kInvalidArgument);
}

TEST_F(MediaFileTest, RefusesPathsWithAZeroByte) {
  EXPECT_EQ(CodeOf(std::string("speech.wav\0.txt", 15)), absl::StatusCode::kInvalidArgument);
}

TEST_F(MediaFileTest, ReadsNoMoreThanIsAllowed) {
  Write(allowed() / "hundred.wav", std::string(100, 'x').c_str());
  Write(allowed() / "more.wav", std::string(101, 'x').c_str());
  EXPECT_EQ(Read("hundred.wav")->size(), 100);
  EXPECT_EQ(CodeOf("more.wav"), absl::StatusCode::kInvalidArgument);
}

TEST_F(MediaFileTest, NeedsTheAllowedFolder) {
  EXPECT_EQ(OpenMediaFile(base_ / "gone", "speech.wav", 100).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace transcribe
