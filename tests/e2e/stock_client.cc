// stock_client hello ADDRESS NAME… | recognizer ADDRESS PCM_FILE
//
// A gRPC client as anybody writes one: stubs of grpc_cpp_plugin, nothing of Chains.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "hello.grpc.pb.h"
#include "tests/e2e/metadata.h"
#include "transcribe.grpc.pb.h"

namespace {

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

int Report(const grpc::Status& status, const std::string& answer) {
  if (status.ok()) {
    std::printf("%s\n", answer.c_str());
    return 0;
  }
  std::fprintf(stderr, "code %d: %s\n", static_cast<int>(status.error_code()),
               status.error_message().c_str());
  return 1;
}

int Hello(const std::shared_ptr<grpc::Channel>& channel, const std::vector<std::string>& names) {
  grpc::ClientContext context;
  SetDeadline(context);
  AddMetadata(context);
  hello::HelloAllRequest request;
  request.mutable_names()->Assign(names.begin(), names.end());
  hello::HelloAllResponse response;
  const grpc::Status status =
      hello::HelloAll::NewStub(channel)->RunRemote(&context, request, &response);
  return Report(status, response.result());
}

int Recognize(const std::shared_ptr<grpc::Channel>& channel, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  grpc::ClientContext context;
  SetDeadline(context);
  AddMetadata(context);
  transcribe::RecognizeRequest request;
  request.set_pcm(std::string(std::istreambuf_iterator<char>(file), {}));
  transcribe::RecognizeResponse response;
  const grpc::Status status =
      transcribe::Recognizer::NewStub(channel)->RunRemote(&context, request, &response);
  return Report(status, response.text());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) {
    std::fputs("usage: stock_client hello ADDRESS NAME… | recognizer ADDRESS PCM_FILE\n", stderr);
    return 2;
  }
  auto channel = grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials());
  if (arguments[0] == "hello") return Hello(channel, {arguments.begin() + 2, arguments.end()});
  return Recognize(channel, arguments[2]);
}
