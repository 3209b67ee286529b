// stock_client hello ADDRESS NAME… | poems ADDRESS WORD… | poem ADDRESS WORD | cancel ADDRESS WORD
// |
//              recognizer ADDRESS PCM_FILE
//
// A gRPC client as anybody writes one: stubs of grpc_cpp_plugin, nothing of Chains. `poem` prints a
// token a line, with ends of lines as \n, `cancel` leaves after the second. METADATA is sent along
// (metadata.h); TLS_CA=FILE makes it TLS, and trusts who that file certifies; DEADLINE_MS is 60000
// by default.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "hello.grpc.pb.h"
#include "poems.grpc.pb.h"
#include "tests/e2e/metadata.h"
#include "transcribe.grpc.pb.h"

namespace {

using Channel = std::shared_ptr<grpc::Channel>;
using Arguments = std::vector<std::string>;

std::string FileAt(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Prepare(grpc::ClientContext& context) {
  const char* const given = std::getenv("DEADLINE_MS");
  const std::chrono::milliseconds limit(given == nullptr ? 60'000 : std::atoi(given));
  context.set_deadline(std::chrono::system_clock::now() + limit);
  AddMetadata(context);
}

int Report(const grpc::Status& status, const std::string& answer) {
  if (status.ok()) {
    std::printf("%s", answer.c_str());
    return 0;
  }
  std::fprintf(stderr, "code %d: %s\n", static_cast<int>(status.error_code()),
               status.error_message().c_str());
  return 1;
}

int Hello(const Channel& channel, const Arguments& names) {
  grpc::ClientContext context;
  Prepare(context);
  hello::HelloAllRequest request;
  request.mutable_names()->Assign(names.begin(), names.end());
  hello::HelloAllResponse response;
  const grpc::Status status =
      hello::HelloAll::NewStub(channel)->RunRemote(&context, request, &response);
  return Report(status, response.result() + "\n");
}

int Poems(const Channel& channel, const Arguments& words) {
  grpc::ClientContext context;
  Prepare(context);
  poems::PoemGeneratorRequest request;
  request.mutable_words()->Assign(words.begin(), words.end());
  poems::PoemGeneratorResponse response;
  const grpc::Status status =
      poems::PoemGenerator::NewStub(channel)->RunRemote(&context, request, &response);
  std::string answer;
  for (const std::string& poem : response.result()) answer += poem + "\n";
  return Report(status, answer);
}

// Tokens of the word's poem, each when it comes; leaves after `most`.
int Poem(const Channel& channel, const std::string& word, int most) {
  grpc::ClientContext context;
  Prepare(context);
  poems::PoemRequest request;
  request.set_word(word);
  const auto stub = poems::PoemGenerator::NewStub(channel);
  const auto tokens = stub->WritePoem(&context, request);
  poems::PoemToken token;
  for (int read = 0; tokens->Read(&token);) {
    std::string line = token.text();
    for (size_t at = 0; (at = line.find('\n', at)) != line.npos; at += 2)
      line.replace(at, 1, "\\n");
    std::printf("%s\n", line.c_str());
    if (++read == most) context.TryCancel();
  }
  return Report(tokens->Finish(), "");
}

int Recognize(const Channel& channel, const std::string& path) {
  grpc::ClientContext context;
  Prepare(context);
  transcribe::RecognizeRequest request;
  request.set_pcm(FileAt(path));
  transcribe::RecognizeResponse response;
  const grpc::Status status =
      transcribe::Recognizer::NewStub(channel)->RunRemote(&context, request, &response);
  return Report(status, response.text() + "\n");
}

std::shared_ptr<grpc::ChannelCredentials> Credentials() {
  const char* const authorities = std::getenv("TLS_CA");
  if (authorities == nullptr) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = FileAt(authorities);
  return grpc::SslCredentials(options);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) {
    std::fputs("usage: stock_client hello|poems|poem|cancel|recognizer ADDRESS WORD…|FILE\n",
               stderr);
    return 2;
  }
  const Channel channel = grpc::CreateChannel(arguments[1], Credentials());
  const Arguments words(arguments.begin() + 2, arguments.end());
  if (arguments[0] == "hello") return Hello(channel, words);
  if (arguments[0] == "poems") return Poems(channel, words);
  if (arguments[0] == "poem") return Poem(channel, words[0], 0);
  if (arguments[0] == "cancel") return Poem(channel, words[0], 2);
  return Recognize(channel, words[0]);
}
