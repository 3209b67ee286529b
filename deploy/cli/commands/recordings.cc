#include "deploy/cli/commands/recordings.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "chains/chain/recording_file.h"
#include "chains/core/text.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/wait.h"
#include "deploy/recording/make_test.h"

namespace chains::deploy::cli {
namespace {

struct RecordFlags {
  TargetFlags target = {};
  std::string file = {};
  double percent = 0;
  int requests = 0;
  absl::Duration time = absl::Seconds(60);
  bool failed = false;
};

// Parts as they come, in a file that can be read whenever the writing ends.
class RecordingWriter {
 public:
  explicit RecordingWriter(const std::string& path)
      : path_(path), stream_(path, std::ios::binary | std::ios::trunc) {}

  // False where the file cannot be written.
  bool Write(const v1::RecordingPart& part) {
    stream_ << PartBytes(part) << std::flush;
    if (part.has_request()) {
      ++requests_;
      if (part.request().incomplete()) ++incomplete_;
    }
    return stream_.good();
  }
  absl::Status status() const {
    if (stream_.good()) return absl::OkStatus();
    return absl::UnavailableError(Text("cannot write ", path_, ": ", std::strerror(errno)));
  }
  int requests() const { return requests_; }
  int incomplete() const { return incomplete_; }

 private:
  const std::string path_;
  std::ofstream stream_;
  int requests_ = 0;
  int incomplete_ = 0;
};

v1::RecordRequest ToRecordRequest(const RecordFlags& flags, v1::DeploymentRequest of) {
  v1::RecordRequest request;
  *request.mutable_of() = std::move(of);
  request.set_percent(flags.percent);
  request.set_requests(static_cast<uint32_t>(flags.requests));
  request.set_seconds(
      static_cast<uint32_t>(absl::ToInt64Seconds(absl::Ceil(flags.time, absl::Seconds(1)))));
  request.set_only_failed(flags.failed);
  return request;
}

int Record(Session& session, const RecordFlags& flags) {
  absl::StatusOr<v1::DeploymentRequest> of = ToRequest(flags.target);
  if (!of.ok()) return session.Usage(MessageOf(of.status()));
  if (flags.percent > 100) return session.Usage("--percent is at most 100");
  if (flags.time > absl::Hours(1)) return session.Usage("--for is at most 1h");
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  const std::string file = flags.file.empty() ? Text(flags.target.chain, ".rec") : flags.file;
  RecordingWriter writer(file);
  if (!writer.status().ok()) return session.Fail(writer.status());
  const StopOnInterrupt stop(session);
  const absl::Status end = (*platform)->Each<v1::RecordRequest, v1::RecordingPart>(
      &v1::Platform::Record, ToRecordRequest(flags, *std::move(of)),
      [&session, &writer](v1::RecordingPart part) {
        if (part.has_header()) {
          session.Note(Text("recording ", Safe(part.header().chain()), ", deployment ",
                            Safe(part.header().deployment()), "; Ctrl-C ends it"));
        }
        return writer.Write(part) && !session.world().interrupted();
      },
      {.timeout = flags.time + absl::Minutes(1), .stop = stop.token()});
  if (!writer.status().ok()) return session.Fail(writer.status());
  // What is there by then is a recording.
  if (!end.ok() && !session.world().interrupted()) return session.Fail(end);
  session.Note(Text(writer.requests(), writer.requests() == 1 ? " request in " : " requests in ",
                    file,
                    writer.incomplete() == 0 ? "" : Text(", ", writer.incomplete(), " not whole")));
  return kDone;
}

struct ReplayFlags {
  std::string file = {};
  std::string program = {};
  std::string against = {};
  std::vector<std::string> real = {};
  std::vector<std::string> mock = {};
  int request = 0;
  absl::Duration timeout = absl::Seconds(60);
};

// The program's own `replay`, in place of this process.
int ReplayIn(Session& session, const ReplayFlags& flags) {
  std::string program = flags.program;
  if (program.find('/') == std::string::npos) program = Text("./", program);
  std::vector<std::string> command = {program, "replay", flags.file};
  for (const std::string& each : flags.real) {
    command.emplace_back("--real");
    command.push_back(each);
  }
  for (const std::string& each : flags.mock) {
    command.emplace_back("--mock");
    command.push_back(each);
  }
  if (flags.request > 0) {
    command.emplace_back("--request");
    command.push_back(std::to_string(flags.request));
  }
  command.emplace_back("--timeout");
  command.push_back(absl::FormatDuration(flags.timeout));
  if (session.json()) command.emplace_back("--json");
  return session.Fail(session.world().become(command));
}

int Replay(Session& session, const ReplayFlags& flags) {
  if (flags.program.empty() == flags.against.empty()) {
    return session.Usage(
        "where to? --program PATH replays in the chain's program, --against DEPLOYMENT on what is "
        "deployed");
  }
  if (!flags.program.empty()) return ReplayIn(session, flags);
  if (!flags.real.empty() || !flags.mock.empty()) {
    return session.Usage("--real and --mock are for --program");
  }
  return CompareWith(session, {.file = flags.file,
                               .against = flags.against,
                               .request = flags.request,
                               .timeout = flags.timeout});
}

struct TestFlags {
  std::string file = {};
  std::string to = {};
  int request = 1;
};

int WriteTest(Session& session, const TestFlags& flags) {
  const absl::StatusOr<RecordingFile> file = RecordingFile::Read(flags.file);
  if (!file.ok()) return session.Fail(file.status());
  const int total = static_cast<int>(file->requests.size());
  if (flags.request < 1 || flags.request > total) {
    return session.Usage(
        Text("--request ", flags.request, ": ", flags.file, " has ", total, " requests"));
  }
  const absl::StatusOr<v1::MakeTestResponse> test =
      MakeTest(file->header, file->requests[static_cast<size_t>(flags.request - 1)]);
  if (!test.ok()) return session.Fail(test.status());
  if (session.json()) {
    session.PrintJson(*test);
    return kDone;
  }
  const std::string path = flags.to.empty() ? test->file_name() : flags.to;
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << test->text() << std::flush;
  if (!stream) {
    return session.Fail(
        absl::UnavailableError(Text("cannot write ", path, ": ", std::strerror(errno))));
  }
  session.Note(Text(path, " is written; to run it:"));
  for (const std::string& line : SafeLines(test->how())) session.out() << line << "\n";
  return kDone;
}

Option FileOption(std::string* to) {
  return {
      "FILE", "what `chains record` wrote", to, {.required = true, .completes = Completes::kFiles}};
}

}  // namespace

Command MakeRecord() {
  auto flags = std::make_shared<RecordFlags>();
  Command command = {.name = "record",
                     .summary = "keep requests with the messages of every hop, to replay them",
                     .group = "Chains",
                     .examples = {"chains record hello --requests 10",
                                  "chains record transcribe --failed --for 10m -o failed.rec"},
                     .options = TargetOptions(flags->target, ChainIs::kRequired),
                     .run = [flags](Session& session) { return Record(session, *flags); }};
  for (Option& each :
       std::vector<Option>{{"--file,-o",
                            "where to (default: CHAIN.rec)",
                            &flags->file,
                            {.completes = Completes::kFiles}},
                           {"--percent", "of its requests (default: all)", &flags->percent},
                           {"--requests", "end after so many (default: 100)", &flags->requests},
                           {"--for", "end after so long, at most 1h", &flags->time},
                           {"--failed", "those that fail only", &flags->failed}}) {
    command.options.push_back(std::move(each));
  }
  return command;
}

Command MakeReplay() {
  auto flags = std::make_shared<ReplayFlags>();
  return {
      .name = "replay",
      .summary = "recorded requests once more, and whether they go as they went",
      .group = "Chains",
      .examples = {"chains replay hello.rec --program build/bin/hello",
                   "chains replay hello.rec --program build/bin/hello --real SayHello --mock rest",
                   "chains replay hello.rec --against hello/staging --output json"},
      .options = {FileOption(&flags->file),
                  {"--program",
                   "of the chain: it answers in one process, with recorded answers in place "
                   "of other chainlets than the entrypoint",
                   &flags->program,
                   {.completes = Completes::kFiles}},
                  {"--against",
                   "CHAIN, CHAIN/ENVIRONMENT or a deployment's id",
                   &flags->against,
                   {.completes = Completes::kChains}},
                  {"--real", "this chainlet runs, too; several times", &flags->real},
                  {"--mock", "only this chainlet does not run; several times", &flags->mock},
                  {"--request", "the one with this number alone", &flags->request},
                  {"--timeout", "how long each may take", &flags->timeout}},
      .run = [flags](Session& session) { return Replay(session, *flags); }};
}

Command MakeMakeTest() {
  auto flags = std::make_shared<TestFlags>();
  return {.name = "make-test",
          .summary = "a recorded request as a test of GoogleTest",
          .group = "Chains",
          .examples = {"chains make-test failed.rec --request 3 -o tests/cut_off_test.cc"},
          .options = {FileOption(&flags->file),
                      {"--request", "the one with this number (default: 1)", &flags->request},
                      {"--file,-o",
                       "where to (default: a name of its entrypoint)",
                       &flags->to,
                       {.completes = Completes::kFiles}}},
          .run = [flags](Session& session) { return WriteTest(session, *flags); }};
}

}  // namespace chains::deploy::cli
