#include "chains/main/replay.h"

#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/chain/recorded.h"
#include "tests/runtime/chain/zoo.h"

namespace chains::internal {
namespace {

using ::testing::HasSubstr;

// The chain whose Leaf cannot be built: what runs without it did not need it.
class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() {
    chain.Add<zoo::ScriptedLeaf>(Shared<zoo::LeafScript*>(
        [](const DeploymentContext&) -> absl::StatusOr<std::unique_ptr<zoo::LeafScript*>> {
          return absl::FailedPreconditionError("the model is not installed");
        }));
    chain.Add<zoo::RootObject>(Needs<zoo::Leaf>{}).Entrypoint();
  }
  int Run(const v1::RecordedRequest& recorded, ReplayRequest request = {}) {
    return RunBytes(FileOf(recorded), std::move(request));
  }
  int RunBytes(const std::string& bytes, ReplayRequest request = {}) {
    request.file = ::testing::TempDir() + "replayed_" + std::to_string(getpid());
    std::ofstream(request.file, std::ios::binary) << bytes;
    return RunFile(std::move(request));
  }
  int RunFile(const ReplayRequest& request) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = Replay(chain, request, {});
    out = ::testing::internal::GetCapturedStdout();
    err = ::testing::internal::GetCapturedStderr();
    return code;
  }

  Chain chain{"zoo"};
  std::string out;
  std::string err;
};

TEST_F(ReplayTest, GoesAsRecordedWithoutTheOtherChainlet) {
  EXPECT_EQ(Run(RootOfTwo()), 0) << out << err;
  EXPECT_THAT(out, HasSubstr("1 of 1 as recorded"));
}

TEST_F(ReplayTest, ShowsBothWhereTheAnswerDiffers) {
  v1::RecordedRequest request = RootOfTwo();
  zoo::RootReply other;
  other.set_result(18);
  request.mutable_spans(1)->set_reply(other.SerializeAsString());
  EXPECT_EQ(Run(request), 1);
  EXPECT_THAT(out, HasSubstr("recorded  18"));
  EXPECT_THAT(out, HasSubstr("now       17"));
}

TEST_F(ReplayTest, AFailureOfAMockedChainletIsReproduced) {
  v1::RecordedRequest request = RootOfTwo();
  for (const int span : {1, 3}) request.mutable_spans(span)->set_code(9);
  request.mutable_spans(3)->set_message("a word that nobody knows");
  EXPECT_EQ(Run(request), 0) << out << err;
  EXPECT_THAT(out, HasSubstr("FAILED_PRECONDITION: a word that nobody knows"));
}

TEST_F(ReplayTest, ACallThatIsNotMadeAgainIsSaid) {
  v1::RecordedRequest request = RootOfTwo();
  Says(AddSpan(request, 9, 2, "zoo.Leaf"), LeafOf(77), LeafAnswer(1));
  EXPECT_EQ(Run(request), 0);
  EXPECT_THAT(out, HasSubstr("not called again: zoo.Leaf/RunRemote"));
}

TEST_F(ReplayTest, NamesAndNumbersAreChecked) {
  EXPECT_EQ(Run(RootOfTwo(), {.real = {"Nobody"}}), 2);
  EXPECT_THAT(err, HasSubstr("the chain zoo has no chainlet Nobody"));
  EXPECT_EQ(Run(RootOfTwo(), {.mock = {"Nobody"}}), 2);
  EXPECT_THAT(err, HasSubstr("the chain zoo has no chainlet Nobody"));
  EXPECT_EQ(Run(RootOfTwo(), {.mock = {"Root"}}), 2);
  EXPECT_THAT(err, HasSubstr("it runs itself"));
  EXPECT_EQ(Run(RootOfTwo(), {.real = {"Leaf"}, .mock = {"Root"}}), 2);
  EXPECT_THAT(err, HasSubstr("one of them is enough"));
  EXPECT_EQ(Run(RootOfTwo(), {.request = 2}), 2);
  EXPECT_THAT(err, HasSubstr("has 1 requests"));
}

TEST_F(ReplayTest, AFileThatIsNotThereOrNoneOfThisChainIsNamed) {
  EXPECT_EQ(RunFile({.file = "/nowhere.rec"}), 2);
  EXPECT_THAT(err, HasSubstr("/nowhere.rec: No such file or directory"));
  EXPECT_EQ(RunBytes("no recording"), 2);
  EXPECT_THAT(err, HasSubstr("this is no recording of `chains record`"));
  v1::RecordingPart header;
  header.mutable_header()->set_version(1);
  header.mutable_header()->set_chain("hello");
  EXPECT_EQ(RunBytes(PartBytes(header)), 2);
  EXPECT_THAT(err, HasSubstr("was recorded of the chain hello, and this is the program of zoo"));
}

TEST_F(ReplayTest, AFileThatWasCutOffIsReplayedAsFarAsItGoes) {
  const std::string whole = FileOf(RootOfTwo());
  v1::RecordingPart part;
  *part.mutable_request() = RootOfTwo();
  const std::string more = PartBytes(part);
  EXPECT_EQ(RunBytes(whole + more.substr(0, more.size() / 2)), 0) << err;
  EXPECT_THAT(out, HasSubstr("1 of 1 as recorded"));
  EXPECT_THAT(err, HasSubstr("ends within a request, which is left out"));
  // Nothing that was replayed is not a success.
  EXPECT_EQ(RunBytes(whole.substr(0, whole.size() - 1)), 2);
  EXPECT_THAT(err, HasSubstr("has no whole request: it was cut off in its first one"));
}

TEST_F(ReplayTest, ToldToProgramsItIsLinesOfJson) {
  EXPECT_EQ(Run(RootOfTwo(), {.json = true}), 0) << err;
  EXPECT_EQ(out, R"({"request":1,"same":true,"recorded":{"code":"OK","replies":[17]},)"
                 R"("now":{"code":"OK","replies":[17]}})"
                 "\n"
                 R"({"replayed":1,"as_recorded":1})"
                 "\n");
  v1::RecordedRequest request = RootOfTwo();
  zoo::RootReply other;
  other.set_result(18);
  request.mutable_spans(1)->set_reply(other.SerializeAsString());
  EXPECT_EQ(Run(request, {.json = true}), 1);
  EXPECT_THAT(out, HasSubstr(R"("differs":[{"at":"/replies/0","recorded":18,"now":17}])"));
  request.clear_spans();
  EXPECT_EQ(Run(request, {.json = true}), 1);
  EXPECT_THAT(out, HasSubstr(R"({"request":1,"same":false,"problem":{"code":"NOT_FOUND")"));
}

TEST_F(ReplayTest, AChainletThatIsRealIsBuilt) {
  EXPECT_EQ(Run(RootOfTwo(), {.real = {"Leaf"}, .mock = {"rest"}}), 1);
  EXPECT_THAT(out, HasSubstr("the model is not installed"));
}

}  // namespace
}  // namespace chains::internal
