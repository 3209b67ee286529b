// record, replay and make-test.
#include <fstream>
#include <sstream>

#include "chains/chain/recording_file.h"
#include "hello.pb.h"
#include "tests/deploy/cli/cli_fixture.h"
#include "tests/deploy/load/scripted_server.h"

namespace chains::deploy::cli {
namespace {

using load::ScriptedServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

v1::RecordingPart Header(const std::string& chain = "hello") {
  v1::RecordingPart part;
  v1::RecordingHeader& header = *part.mutable_header();
  header.set_version(1);
  header.set_chain(chain);
  header.set_deployment("3f9a");
  header.set_entrypoint("hello.HelloAll");
  hello::HelloAllRequest::descriptor()->file()->CopyTo(header.mutable_descriptors()->add_file());
  return part;
}

// Ada was greeted.
v1::RecordingPart Greeting(const std::string& said = "Hello, Ada") {
  v1::RecordingPart part;
  v1::Span& span = *part.mutable_request()->add_spans();
  span.set_span_id(1);
  span.set_chainlet("hello.HelloAll");
  span.set_method("RunRemote");
  span.set_start_unix_us(1);
  span.set_recorded(true);
  hello::HelloAllRequest request;
  request.add_names("Ada");
  hello::HelloAllResponse response;
  response.set_result(said);
  span.set_request(request.SerializeAsString());
  span.set_reply(response.SerializeAsString());
  return part;
}

std::string Content(const std::filesystem::path& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

class RecordingsTest : public CliTest {
 protected:
  RecordingsTest()
      : gateway(
            [this](int, const std::string& request) {
              asked = request;
              return ScriptedServer::Reply{.bytes = reply};
            },
            ScriptedServer::Place::kPort) {
    remote_.gateway = "http://" + gateway.address();
    SaveRemote();
    Answer("200 OK", "\"Hello, Ada\"");
    file = (home_ / "hello.rec").string();
    Write(PartBytes(Header()) + PartBytes(Greeting()));
    // --against hello: there is no deployment with that id.
    fake.failures["Status"] = std::vector<absl::Status>(8, absl::NotFoundError("no deployment"));
  }
  void Answer(const std::string& status, const std::string& body) {
    reply = "HTTP/1.1 " + status +
            "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
  }
  void Write(const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

  std::string asked;
  std::string reply;  // set before the command runs
  std::string file;
  ScriptedServer gateway;
};

TEST_F(RecordingsTest, RecordWritesPartsAsTheyCome) {
  v1::RecordingPart cut = Greeting();
  cut.mutable_request()->set_incomplete(true);
  fake.recording = {Header(), Greeting(), cut};
  const std::string to = (home_ / "new.rec").string();
  EXPECT_EQ(Run({"record", "hello", "--percent", "5", "--requests", "2", "--for", "90s", "--failed",
                 "-o", to}),
            0)
      << err;
  EXPECT_EQ(fake.LastCall(),
            "Record of { chain: \"hello\" } percent: 5 requests: 2 seconds: 90 only_failed: true");
  EXPECT_EQ(Content(to), PartBytes(Header()) + PartBytes(Greeting()) + PartBytes(cut));
  EXPECT_THAT(err, AllOf(HasSubstr("recording hello, deployment 3f9a; Ctrl-C ends it"),
                         HasSubstr("2 requests in " + to + ", 1 not whole")));
}
TEST_F(RecordingsTest, RecordSaysWhatItCannotDo) {
  EXPECT_EQ(Run({"record", "hello", "--percent", "101"}), 2);
  EXPECT_EQ(Run({"record", "hello", "--for", "61m"}), 2);
  EXPECT_EQ(Run({"record", "hello", "-o", "/nowhere/a.rec"}), 1);
  EXPECT_THAT(err, HasSubstr("cannot write /nowhere/a.rec: No such file or directory"));
  EXPECT_THAT(fake.Calls(), IsEmpty());
  fake.failures["Record"] = {absl::NotFoundError("no such chain")};
  EXPECT_EQ(Run({"record", "hello", "-o", file}), 1);
  EXPECT_EQ(err, "error NOT_FOUND: no such chain\n");
}

TEST_F(RecordingsTest, ReplayInAProgramIsThatPrograms) {
  EXPECT_EQ(Run({"replay", file, "--program", "hello", "--real", "SayHello", "--mock", "rest",
                 "--request", "1"}),
            1);
  EXPECT_THAT(became, ElementsAre("./hello", "replay", file, "--real", "SayHello", "--mock", "rest",
                                  "--request", "1", "--timeout", "1m"));
  EXPECT_EQ(Run({"replay", file, "--program", "bin/hello", "--output", "json"}), 1);
  EXPECT_THAT(became, ElementsAre("bin/hello", "replay", file, "--timeout", "1m", "--json"));
}
TEST_F(RecordingsTest, ReplayWantsToKnowWhere) {
  EXPECT_EQ(Run({"replay", file}), 2);
  EXPECT_THAT(err, HasSubstr("--program PATH"));
  EXPECT_EQ(Run({"replay", file, "--program", "a", "--against", "b"}), 2);
  EXPECT_EQ(Run({"replay", file, "--against", "hello", "--real", "SayHello"}), 2);
  EXPECT_THAT(err, HasSubstr("--real and --mock are for --program"));
}

TEST_F(RecordingsTest, ReplayAgainstADeploymentThatAnswersTheSame) {
  EXPECT_EQ(Run({"replay", file, "--against", "hello"}), 0) << err << out;
  EXPECT_THAT(asked, AllOf(StartsWith("POST /chains/hello/run_remote "),
                           HasSubstr(R"({"names":["Ada"]})")));
  EXPECT_EQ(out, "request 1 of 1\n  same\n1 of 1 as recorded\n");
  EXPECT_EQ(Run({"replay", file, "--against", "hello/staging"}), 0) << err << out;
  EXPECT_THAT(asked, StartsWith("POST /chains/hello/environments/staging/run_remote "));
}
TEST_F(RecordingsTest, ReplayShowsWhatDiffers) {
  Answer("200 OK", "\"Bye, Ada\"");
  EXPECT_EQ(Run({"replay", file, "--against", "hello"}), 1);
  EXPECT_EQ(out,
            "request 1 of 1\n"
            "--- recorded\n"
            "+++ now\n"
            "@@ -1 +1 @@\n"
            "-\"Hello, Ada\"\n"
            "+\"Bye, Ada\"\n"
            "0 of 1 as recorded\n");
  Answer("503 Service Unavailable", R"({"error":{"code":"UNAVAILABLE","message":"gone"}})");
  EXPECT_EQ(Run({"replay", file, "--against", "hello"}), 1);
  EXPECT_THAT(out, AllOf(HasSubstr("-\"Hello, Ada\"\n"), HasSubstr("+UNAVAILABLE: gone\n")));
}
TEST_F(RecordingsTest, ReplayTellsProgramsWhatDiffers) {
  Answer("200 OK", "\"Bye, Ada\"");
  EXPECT_EQ(Run({"replay", file, "--against", "hello", "--output", "json"}), 1);
  EXPECT_EQ(out, R"({"request":1,"same":false,"recorded":{"code":"OK","replies":["Hello, Ada"]},)"
                 R"("now":{"code":"OK","replies":["Bye, Ada"]},)"
                 R"("differs":[{"at":"/replies/0","recorded":"Hello, Ada","now":"Bye, Ada"}]})"
                 "\n"
                 R"({"replayed":1,"as_recorded":0})"
                 "\n");
}
TEST_F(RecordingsTest, ReplayOfAFileThatIsNoneOfTheChainFails) {
  const auto against = [this](const std::string& path, const std::string& target) {
    return Run({"replay", path, "--against", target});
  };
  EXPECT_EQ(against("/nowhere.rec", "hello"), 1);
  EXPECT_THAT(err, HasSubstr("NOT_FOUND: /nowhere.rec: No such file or directory"));
  EXPECT_EQ(against(file, "shop"), 2);
  EXPECT_THAT(err, HasSubstr("was recorded of the chain hello, and --against shop is one of shop"));
  EXPECT_EQ(Run({"replay", file, "--against", "hello", "--request", "2"}), 2);
  EXPECT_THAT(err, HasSubstr("has 1 requests"));
  Write("no recording at all");
  EXPECT_EQ(against(file, "hello"), 1);
  EXPECT_THAT(err, HasSubstr("this is no recording of `chains record`"));
  Write(PartBytes(Header()));
  EXPECT_EQ(against(file, "hello"), 2);
  EXPECT_THAT(err, HasSubstr("has no whole request; record some"));
  EXPECT_THAT(asked, IsEmpty());
}
TEST_F(RecordingsTest, ReplayOfAFileThatWasCutOffGoesAsFarAsItGoes) {
  const std::string more = PartBytes(Greeting());
  Write(PartBytes(Header()) + more + more.substr(0, 9));
  EXPECT_EQ(Run({"replay", file, "--against", "hello"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("1 of 1 as recorded"));
  EXPECT_THAT(err, HasSubstr("ends within a request, which is left out"));
}

TEST_F(RecordingsTest, MakeTestWritesTheTestAndSaysHowToRunIt) {
  const std::string to = (home_ / "greeting_test.cc").string();
  EXPECT_EQ(Run({"make-test", file, "-o", to}), 0) << err;
  EXPECT_THAT(Content(to),
              AllOf(HasSubstr("#include <gtest/gtest.h>"), HasSubstr("TEST("), HasSubstr("Ada")));
  EXPECT_THAT(err, HasSubstr(to + " is written; to run it:"));
  EXPECT_THAT(out,
              StartsWith("add_executable(hello_all_recorded_test hello_all_recorded_test.cc)\n"));
  EXPECT_EQ(Run({"make-test", file, "--output", "json"}), 0) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("\"file_name\":"), HasSubstr("gtest/gtest.h")));
}
TEST_F(RecordingsTest, MakeTestSaysWhatItCannotDo) {
  EXPECT_EQ(Run({"make-test", "/nowhere.rec"}), 1);
  EXPECT_THAT(err, HasSubstr("/nowhere.rec: No such file or directory"));
  EXPECT_EQ(Run({"make-test", file, "--request", "2"}), 2);
  EXPECT_THAT(err, HasSubstr("has 1 requests"));
  EXPECT_EQ(Run({"make-test", file, "--request", "0"}), 2);
  EXPECT_EQ(Run({"make-test", file, "-o", "/nowhere/a_test.cc"}), 1);
  EXPECT_THAT(err, HasSubstr("cannot write /nowhere/a_test.cc: No such file or directory"));
  v1::RecordingPart cut = Greeting();
  cut.mutable_request()->set_incomplete(true);
  cut.mutable_request()->mutable_spans(0)->set_cut(true);
  Write(PartBytes(Header()) + PartBytes(cut));
  EXPECT_EQ(Run({"make-test", file}), 1);
  EXPECT_THAT(err, HasSubstr("FAILED_PRECONDITION"));
}

}  // namespace
}  // namespace chains::deploy::cli
