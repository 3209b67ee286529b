#include "deploy/cli/bench/reflected_contract.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "chains/chain/client.h"
#include "chains/core/text.h"
#include "chains/v1/wire_reflection.pb.h"

namespace chains::deploy::cli {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using wire::v1::ServerReflectionRequest;
using wire::v1::ServerReflectionResponse;

constexpr size_t kMaxFiles = 1000;
constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr Method kReflection = {
    .chainlet = "grpc.reflection.v1alpha.ServerReflection",
    .name = "ServerReflectionInfo",
    .path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    .kind = MethodKind::kBidirectional};

Stream<Bytes> Only(Bytes request) { co_yield std::move(request); }

Task<ServerReflectionResponse> Ask(Channel* channel, ServerReflectionRequest question) {
  Stream<Bytes> answers =
      channel->Streaming(kReflection, Only(Bytes(question.SerializeAsString())));
  std::optional<Bytes> answer = co_await answers.Next();
  ServerReflectionResponse response;
  if (!answer || !response.ParseFromString(answer->ToString())) {
    co_await absl::UnimplementedError("reflection answered nothing that can be read");
  }
  if (response.has_error_response()) {
    co_await absl::NotFoundError(response.error_response().error_message());
  }
  co_return response;
}

// Adds new files of `response` to `files`; answers what they import and is not there.
absl::StatusOr<std::vector<std::string>> Add(const ServerReflectionResponse& response,
                                             std::set<std::string>& known,
                                             FileDescriptorSet& files) {
  std::vector<std::string> imports;
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    FileDescriptorProto file;
    if (!file.ParseFromString(bytes)) {
      return absl::InternalError("reflection answered a file that cannot be read");
    }
    for (const std::string& import : file.dependency()) imports.push_back(import);
    if (known.insert(file.name()).second) *files.add_file() = std::move(file);
  }
  return imports;
}

Task<FileDescriptorSet> AskForAll(Channel* channel, std::string service) {
  FileDescriptorSet files;
  std::set<std::string> known;
  std::vector<std::string> pending;
  ServerReflectionRequest question;
  question.set_file_containing_symbol(service);
  do {
    ServerReflectionResponse response = co_await Ask(channel, question);
    absl::StatusOr<std::vector<std::string>> imports = Add(response, known, files);
    co_await imports.status();
    for (std::string& import : *imports) pending.push_back(std::move(import));
    while (!pending.empty() && known.contains(pending.back())) pending.pop_back();
    if (pending.empty()) co_return files;
    question.set_file_by_filename(pending.back());
  } while (known.size() < kMaxFiles);
  co_await absl::ResourceExhaustedError("the contract has more than 1000 files");
  co_return files;
}

}  // namespace

absl::StatusOr<FileDescriptorSet> AskForContract(const std::string& address,
                                                 const std::string& service,
                                                 const Headers& metadata) {
  internal::ClientConnection connection(address);
  Context context(absl::Now() + kPatience, "", metadata);
  return RunOn(
      connection.reactor(), [&] { return AskForAll(&connection.channel(), service); },
      std::move(context));
}

}  // namespace chains::deploy::cli
