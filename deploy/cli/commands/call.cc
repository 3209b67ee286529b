#include "deploy/cli/commands/call.h"

#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/commands/call_stream.h"
#include "deploy/cli/receipt_tree.h"
#include "deploy/cli/terminal/charset.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/waterfall.h"

namespace chains::deploy::cli {
namespace {

struct CallFlags {
  TargetFlags target = {};
  std::string request = {};
  std::string method = "run_remote";
  absl::Duration timeout = absl::Seconds(60);
  bool receipt = false;
  bool explain = false;
  bool stream = false;
};

// Streams come line by line, and are shown as they come. Whatever comes is made safe a line at a
// time, so that no character is cut.
class Printer {
 public:
  explicit Printer(const Session& session) : session_(session) {}

  bool Take(std::string_view piece) {
    held_ += piece;
    const size_t end = held_.rfind('\n');
    if (end != std::string::npos) {
      Print(std::string_view(held_).substr(0, end + 1));
      held_.erase(0, end + 1);
    }
    return session_.out().good() && !session_.world().interrupted();
  }
  void End() {
    if (!held_.empty()) Print(held_ + "\n");
    held_.clear();
  }

 private:
  void Print(std::string_view text) { session_.out() << SafeJson(text) << std::flush; }

  const Session& session_;
  std::string held_;
};

// Where the time went, as bars.
void PrintWaterfall(const Session& session, const std::string& receipt) {
  const absl::StatusOr<std::vector<WaterfallSpan>> spans = SpansOfReceipt(receipt);
  if (!spans.ok()) return session.Note(MessageOf(spans.status()));
  session.err() << Waterfall(*spans, session.terminal().columns,
                             ShowsUnicode(session.world().getenv));
}

void PrintReceipt(const Session& session, const HttpAnswer& answer, bool explain) {
  const std::string receipt = answer.Header("chains-receipt");
  if (receipt.empty()) {
    session.Note("there is no receipt: the request did not reach a chainlet");
  } else if (session.json()) {
    session.err() << SafeJson(receipt) << "\n";
  } else if (explain) {
    PrintWaterfall(session, receipt);
  } else {
    session.err() << ReceiptTree(receipt);
  }
}

int Call(Session& session, const CallFlags& flags) {
  const absl::StatusOr<v1::DeploymentRequest> checked = ToRequest(flags.target);
  if (!checked.ok()) return session.Usage(MessageOf(checked.status()));
  absl::StatusOr<std::string> body = ReadArgument(flags.request, session.terminal().in);
  if (!body.ok()) return session.Usage(MessageOf(body.status()));
  const bool asks_receipt = flags.receipt || flags.explain;
  if (flags.stream) {
    if (asks_receipt) return session.Usage("--receipt and --explain are not for --stream");
    return CallStream(session, {.target = flags.target,
                                .method = flags.method,
                                .body = *std::move(body),
                                .timeout = flags.timeout});
  }
  const absl::StatusOr<Remote> remote = session.ChosenRemote();
  if (!remote.ok()) return session.Fail(remote.status());
  Printer printer(session);
  HttpRequest request =
      RequestTo(*remote, PathOfCall(flags.target, flags.method), *std::move(body), flags.timeout);
  if (asks_receipt) request.headers.emplace_back("Chains-Receipt", "1");
  request.take = [&printer](std::string_view piece) { return printer.Take(piece); };
  const absl::StatusOr<HttpAnswer> answer = Post(request);
  printer.End();
  if (!answer.ok()) return session.Fail(answer.status());
  const int exit_code = answer->status / 100 == 2 ? kDone : session.Fail(ErrorOf(*answer));
  if (asks_receipt) PrintReceipt(session, *answer, flags.explain);
  return exit_code;
}

}  // namespace

std::string PathOfCall(const TargetFlags& target, const std::string& method) {
  const std::string chain = Text("/chains/", target.chain);
  if (!target.deployment.empty()) {
    return Text(chain, "/deployment/", target.deployment, "/", method);
  }
  if (!target.environment.empty()) {
    return Text(chain, "/environments/", target.environment, "/", method);
  }
  return Text(chain, "/", method);
}

HttpRequest RequestTo(const Remote& remote, const std::string& path, std::string body,
                      absl::Duration timeout) {
  HttpRequest request{.url = Text(remote.gateway, path),
                      .body = std::move(body),
                      // The client waits a little longer, to hear what the gateway says of it.
                      .timeout = timeout + absl::Seconds(2)};
  if (!remote.key.empty())
    request.headers.emplace_back("Authorization", Text("Api-Key ", remote.key));
  request.headers.emplace_back("Chains-Timeout", Text(absl::ToInt64Milliseconds(timeout), "ms"));
  return request;
}

absl::StatusOr<std::string> ReadArgument(const std::string& argument, std::istream& in) {
  if (argument != "-" && !argument.starts_with('@')) return argument;
  std::ostringstream content;
  if (argument == "-") {
    content << in.rdbuf();
    return content.str();
  }
  std::ifstream file(argument.substr(1), std::ios::binary);
  if (!file) {
    return absl::InvalidArgumentError(Text("cannot read the file ", argument.substr(1)));
  }
  content << file.rdbuf();
  return content.str();
}

Command MakeCall() {
  auto flags = std::make_shared<CallFlags>();
  Command command = {
      .name = "call",
      .summary = "send a request to a chain that is deployed",
      .group = "Chains",
      .examples = {R"(chains call hello '{"names": ["Ada"]}')",
                   "chains call hello @request.json --environment staging --receipt",
                   R"(chains call poems '{"word": "bird"}' --method write_poem --stream)"},
      .options = TargetOptions(flags->target, ChainIs::kRequired),
      .run = [flags](Session& session) { return Call(session, *flags); }};
  command.options.insert(command.options.begin() + 1,
                         {"JSON", kJsonHelp, &flags->request, {.required = true}});
  command.options.push_back({"--method", "of the entrypoint, in snake_case", &flags->method});
  command.options.push_back({"--timeout", "how long to wait for the answer", &flags->timeout});
  command.options.push_back(
      {"--receipt", "show where its time went, as a tree of calls", &flags->receipt});
  command.options.push_back(
      {"--explain", "show its calls as bars, with the critical path marked", &flags->explain});
  command.options.push_back({"--stream",
                             "by gRPC, of a method that streams: show each item as it comes",
                             &flags->stream});
  return command;
}

}  // namespace chains::deploy::cli
