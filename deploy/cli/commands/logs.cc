#include "deploy/cli/commands/logs.h"

#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/core/text.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/terminal/table.h"

namespace chains::deploy::cli {
namespace {

struct LogsFlags {
  TargetFlags target = {};
  std::string chainlet = {};
  std::string request_id = {};
  std::string replica = {};
  int tail = 0;
  bool follow = false;
  std::string level = {};
  std::string text = {};
  std::string trace_id = {};
  std::string set_level = {};
};

// "hello.SayHello+hello.HelloAll" → "SayHello+HelloAll"
std::string ShortNames(const std::string& chainlets) {
  std::string names;
  size_t at = 0;
  while (at <= chainlets.size()) {
    const size_t end = std::min(chainlets.find('+', at), chainlets.size());
    const std::string name = chainlets.substr(at, end - at);
    absl::StrAppend(&names, names.empty() ? "" : "+", name.substr(name.rfind('.') + 1));
    at = end + 1;
  }
  return names;
}

std::string LevelText(const Terminal& terminal, const std::string& level) {
  if (level.empty() || level == "info") return "";
  const Style style = level == "error" ? Style::kBad : Style::kWarning;
  return Text(Styled(terminal, style, Safe(level)), ": ");
}

v1::LogsRequest ToLogsRequest(const LogsFlags& flags, v1::DeploymentRequest of) {
  v1::LogsRequest request;
  *request.mutable_of() = std::move(of);
  request.set_chainlet(flags.chainlet);
  request.set_request_id(flags.request_id);
  request.set_replica(flags.replica);
  request.set_tail(static_cast<uint32_t>(flags.tail));
  request.set_follow(flags.follow);
  request.set_level(flags.level);
  request.set_text(flags.text);
  request.set_trace_id(flags.trace_id);
  return request;
}

int SetLevel(Session& session, const LogsFlags& flags, v1::DeploymentRequest of) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::SetLogLevelRequest request;
  *request.mutable_of() = std::move(of);
  request.set_chainlet(flags.chainlet);
  if (flags.set_level != "default") request.set_level(flags.set_level);
  const absl::StatusOr<v1::SetLogLevelResponse> response =
      (*platform)->Call(&v1::Platform::SetLogLevel, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
    return kDone;
  }
  Table table({"CHAINLET", "LEVEL"});
  for (const v1::LogLevel& each : response->levels())
    table.Add({{each.chainlet()}, {each.level()}});
  table.Print(session.terminal());
  return kDone;
}

int Logs(Session& session, const LogsFlags& flags) {
  absl::StatusOr<v1::DeploymentRequest> of = ToRequest(flags.target);
  if (!of.ok()) return session.Usage(MessageOf(of.status()));
  if (!flags.set_level.empty()) return SetLevel(session, flags, *std::move(of));
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  const absl::Status end = (*platform)->Each<v1::LogsRequest, v1::LogLine>(
      &v1::Platform::Logs, ToLogsRequest(flags, *std::move(of)),
      [&session](v1::LogLine line) {
        if (session.json()) {
          session.PrintJson(line);
        } else {
          session.out() << LogText(session.terminal(), line) << "\n" << std::flush;
        }
        return session.out().good() && !session.world().interrupted();
      },
      {.timeout = flags.follow ? absl::InfiniteDuration() : absl::Minutes(5)});
  return end.ok() ? kDone : session.Fail(end);
}

}  // namespace

std::string LogText(const Terminal& terminal, const v1::LogLine& line) {
  const std::string who =
      Text(ShortNames(line.chainlet()), line.replica().empty() ? "" : " ", line.replica());
  std::string text = Text(Styled(terminal, Style::kFaint, ClockTime(line.unix_ms())), " ",
                          Styled(terminal, Style::kStrong, Safe(who)), " ",
                          LevelText(terminal, line.level()), Safe(line.message()));
  const std::map<std::string, std::string> fields(line.fields().begin(), line.fields().end());
  for (const auto& [name, value] : fields) {
    text += " ";
    text += Styled(terminal, Style::kFaint, Text(Safe(name), "=", Safe(value)));
  }
  if (!line.request_id().empty()) {
    text += " ";
    text += Styled(terminal, Style::kFaint, Text("request=", Safe(line.request_id())));
  }
  return text;
}

Command MakeLogs() {
  auto flags = std::make_shared<LogsFlags>();
  Command command = {.name = "logs",
                     .summary = "what replicas wrote",
                     .group = "Deployments",
                     .examples = {"chains logs hello -f --chainlet SayHello",
                                  "chains logs hello --request 7d1f --tail 100",
                                  "chains logs hello --level warning --text voice",
                                  "chains logs hello --chainlet SayHello --set-level debug"},
                     .options = TargetOptions(flags->target, ChainIs::kRequired),
                     .run = [flags](Session& session) { return Logs(session, *flags); }};
  for (Option& each :
       std::vector<Option>{{"--follow,-f", "go on with new lines, until Ctrl-C", &flags->follow},
                           {"--chainlet", "of this one only", &flags->chainlet},
                           {"--request", "of the request with this id", &flags->request_id},
                           {"--replica", "of this process", &flags->replica},
                           {"--trace", "of the trace with this id", &flags->trace_id},
                           {"--level",
                            "of this level and above",
                            &flags->level,
                            {.choices = {"debug", "info", "warning", "error"}}},
                           {"--text", "that have this text", &flags->text},
                           {"--set-level",
                            "show nothing, but log from now on what is of this level and above",
                            &flags->set_level,
                            {.choices = {"debug", "info", "warning", "error", "default"}}},
                           {"--tail", "the last lines only; 0: all that are kept", &flags->tail}}) {
    command.options.push_back(std::move(each));
  }
  return command;
}

}  // namespace chains::deploy::cli
