#include "chains/chain/recording_file.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "tests/runtime/chain/recorded.h"

namespace chains {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ProblemOf(std::string_view bytes) {
  const absl::StatusOr<RecordingFile> file = RecordingFile::Parse(bytes);
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(file.status()));
}

TEST(RecordingFile, HasWhatWasWritten) {
  const absl::StatusOr<RecordingFile> file = RecordingFile::Parse(FileOf(RootOfTwo()));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->header.chain(), "zoo");
  ASSERT_EQ(file->requests.size(), 1U);
  EXPECT_EQ(file->requests[0].SerializeAsString(), RootOfTwo().SerializeAsString());
}

TEST(RecordingFile, ThatWasCutOffAnywhereEndsWithItsLastWholeRequest) {
  const std::string whole = FileOf(RootOfTwo());
  v1::RecordingPart header;
  header.mutable_header()->set_version(1);
  header.mutable_header()->set_chain("zoo");
  const size_t begin = PartBytes(header).size();
  for (size_t end = begin; end < whole.size(); ++end) {
    const absl::StatusOr<RecordingFile> file =
        RecordingFile::Parse(std::string_view(whole).substr(0, end));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->requests.size(), 0U);
    EXPECT_EQ(file->cut_off, end > begin) << end;
  }
}

TEST(RecordingFile, OfAnotherKindOrVersionIsRefused) {
  EXPECT_THAT(ProblemOf(""), HasSubstr("it is empty"));
  EXPECT_THAT(ProblemOf(FileOf(RootOfTwo(), 2)),
              HasSubstr("its version is 2, this program reads 1"));
  EXPECT_THAT(ProblemOf(FileOf(RootOfTwo(), 0)), HasSubstr("its version is 0"));
  EXPECT_THAT(ProblemOf(std::string("\x03\xff\xff\xff", 4)), HasSubstr("a part cannot be read"));
  EXPECT_THAT(ProblemOf(std::string("\0", 1)), HasSubstr("does not begin with a header"));
}

TEST(RecordingFile, OfAPartThatIsTooLargeIsRefusedBeforeItIsRead) {
  EXPECT_THAT(ProblemOf(std::string("\xff\xff\xff\xff\x0f", 5)), HasSubstr("is larger than"));
}

TEST(RecordingFile, IsReadFromItsFileWhichIsNamedInFailures) {
  const std::string path = ::testing::TempDir() + "zoo.rec";
  std::ofstream(path, std::ios::binary) << FileOf(RootOfTwo());
  EXPECT_TRUE(RecordingFile::Read(path).ok());
  std::ofstream(path, std::ios::binary) << "no recording";
  EXPECT_THAT(std::string(MessageOf(RecordingFile::Read(path).status())),
              AllOf(HasSubstr("zoo.rec"), HasSubstr("chains record")));
  EXPECT_EQ(RecordingFile::Read(path + ".not").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace chains
