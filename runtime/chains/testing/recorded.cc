#include "chains/testing/recorded.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include "absl/time/clock.h"
#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "chains/grpc/run_on.h"

namespace chains::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using google::protobuf::TextFormat;

std::unique_ptr<Message> NewOf(const Descriptor& type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

// Texts as messages; what is none is said in `problems`.
std::vector<std::string> Bytes(const Descriptor& type, const std::vector<std::string>& texts,
                               std::string& problems) {
  std::vector<std::string> messages;
  for (const std::string& text : texts) {
    const std::unique_ptr<Message> message = NewOf(type);
    if (!TextFormat::ParseFromString(text, message.get())) {
      problems += Text("no ", type.full_name(), ": ", text, "\n");
    }
    messages.push_back(ComparableBytes(type, message->SerializeAsString()));
  }
  return messages;
}

std::string Shown(const Descriptor& type, const std::string& bytes) {
  const std::unique_ptr<Message> message = NewOf(type);
  if (!message->ParseFromString(bytes)) return "what is no " + type.full_name();
  return message->ShortDebugString();
}

std::string Shown(const absl::Status& status) {
  const std::string path = PathText(status);
  return Text(status.ToString(), path.empty() ? "" : Text(" (", path, ")"));
}

Stream<chains::Bytes> Each(const std::vector<std::string>& requests) {
  for (const std::string& request : requests) co_yield chains::Bytes(request);
}

// What it refers to outlives the call.
Task<void> Call(Channel& channel, const Method& method, const std::vector<std::string>& requests,
                std::vector<std::string>& replies) {
  if (method.kind == MethodKind::kUnary) {
    if (requests.empty()) co_await absl::InvalidArgumentError("it has no request");
    chains::Bytes reply = co_await channel.Unary(method, chains::Bytes(requests.front()));
    replies.push_back(reply.ToString());
    co_return;
  }
  Stream<chains::Bytes> stream = channel.Streaming(method, Each(requests));
  while (std::optional<chains::Bytes> reply = co_await stream.Next()) {
    replies.push_back(reply->ToString());
  }
}

std::string DifferencesOf(const Descriptor& type, const std::vector<std::string>& then,
                          const std::vector<std::string>& now) {
  std::string text;
  for (size_t i = 0; i < std::max(then.size(), now.size()); ++i) {
    const std::string was = i < then.size() ? then[i] : "";
    const std::string is = i < now.size() ? ComparableBytes(type, now[i]) : "";
    if (i < then.size() && i < now.size() && was == is) continue;
    text += Text("recorded: ", i < then.size() ? Shown(type, was) : "nothing",
                 "\nnow: ", i < now.size() ? Shown(type, is) : "nothing", "\n");
  }
  return text;
}

const Method* Find(const ServiceInfo& contract, std::string_view name) {
  for (const Method& each : contract.methods) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace

void Recorded::Add(const chains::internal::ContractOps& contract, const RecordedTexts& call) {
  const std::string chainlet(contract.info->name);
  contract.info->descriptor();  // so that the program has it
  const MethodDescriptor* const method = DescribedMethod(chainlet, call.method);
  if (method == nullptr) {
    problems_ += Text(chainlet, " has no method ", call.method, "\n");
    return;
  }
  if (std::find(contracts_.begin(), contracts_.end(), &contract) == contracts_.end()) {
    contracts_.push_back(&contract);
  }
  NamedCall told{.caller = "", .chainlet = chainlet, .method = call.method, .call = {}};
  told.call.requests = Bytes(*method->input_type(), call.requests, problems_);
  told.call.replies = Bytes(*method->output_type(), call.replies, problems_);
  told.call.status = call.status;
  if (told.call.replies.empty() && call.status.ok() && !method->server_streaming()) {
    problems_ += Text(chainlet, "/", call.method, " neither answers nor fails\n");
  }
  calls_.Add(std::move(told));
}

std::string Recorded::Run(const Chain& chain, const ServiceInfo& contract,
                          const RecordedTexts& expected, absl::Duration timeout) {
  contract.descriptor();
  const Method* const method = Find(contract, expected.method);
  const MethodDescriptor* const described = DescribedMethod(contract.name, expected.method);
  if (method == nullptr || described == nullptr) {
    return Text(problems_, contract.name, " has no method ", expected.method, "\n");
  }
  std::string problems = problems_;
  const std::vector<std::string> requests =
      Bytes(*described->input_type(), expected.requests, problems);
  const std::vector<std::string> then =
      Bytes(*described->output_type(), expected.replies, problems);
  if (!problems.empty()) return problems;

  LocalOptions options;
  std::vector<std::shared_ptr<void>> stubs;  // they outlive the chain's run
  for (const chains::internal::ContractOps* const each : contracts_) {
    stubs.push_back(each->connect(channel_));
    options.fakes.emplace_back(each, stubs.back().get());
  }
  const absl::StatusOr<std::unique_ptr<RunningChain>> running =
      RunningChain::Start(chain, Placement::kTogether, std::move(options));
  if (!running.ok()) return Text(MessageOf(running.status()), "\n");
  std::vector<std::string> now;
  const absl::Status status =
      RunOn((*running)->reactor(),
            [&] { return Call((*running)->channel(), *method, requests, now); },
            Context(absl::Now() + timeout, "", {}))
          .status();
  std::string differences = DifferencesOf(*described->output_type(), then, now);
  if (!IsAsRecorded(expected.status, status)) {
    differences += Text("recorded: ", Shown(expected.status), "\nnow: ", Shown(status), "\n");
  }
  return differences;
}

}  // namespace chains::testing
