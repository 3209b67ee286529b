// bench-raw-http: the floors of HTTP as servers.
//
//   bench-raw-http constant ADDRESS     answers every request with the same words
//   bench-raw-http hello ADDRESS        answers what the hello chain answers: JSON in and JSON out
//                                       around messages, as the gateway does it, but without a call
//
// Prints "listening on ADDRESS" and serves until SIGTERM.
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <sys/signalfd.h>

#include "absl/strings/str_cat.h"
#include "chains/json/transcoder.h"
#include "hello.pb.h"
#include "tests/bench/floors/raw_http_server.h"

namespace bench {
namespace {

using chains::json::Transcoder;

// `file` and all that it imports, once each.
void Collect(const google::protobuf::FileDescriptor& file,
             google::protobuf::FileDescriptorSet& files) {
  for (const auto& known : files.file()) {
    if (known.name() == file.name()) return;
  }
  for (int i = 0; i < file.dependency_count(); ++i) Collect(*file.dependency(i), files);
  file.CopyTo(files.add_file());
}

std::string Constant(std::string_view) { return R"("Hello, Ada\nHello, Ada\nHello, Ada")"; }

class Hello {
 public:
  Hello() {
    google::protobuf::FileDescriptorSet files;
    Collect(*hello::HelloAllRequest::descriptor()->file(), files);
    transcoder_ = *Transcoder::Create(files, "hello.HelloAll");
    method_ = transcoder_->Find("run_remote");
  }
  std::string operator()(std::string_view json) const {
    const absl::StatusOr<std::string> wire = transcoder_->RequestToWire(*method_, json);
    hello::HelloAllRequest request;
    if (!wire.ok() || !request.ParseFromString(*wire)) return "\"not this message\"";
    hello::HelloAllResponse reply;
    for (const std::string& name : request.names()) {
      absl::StrAppend(reply.mutable_result(), reply.result().empty() ? "" : "\n", "Hello, ", name);
    }
    return transcoder_->ReplyToJson(*method_, reply.SerializeAsString()).value_or("");
  }

 private:
  std::shared_ptr<const Transcoder> transcoder_;
  const Transcoder::Method* method_ = nullptr;
};

int Main(int argc, char** argv) {
  const std::string role = argc == 3 ? argv[1] : "";
  if (role != "constant" && role != "hello") {
    std::fprintf(stderr, "usage: bench-raw-http constant|hello ADDRESS\n");
    return 2;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  RawHttpServer::Handler handler = Constant;
  if (role == "hello") handler = Hello();
  RawHttpServer server(argv[2], handler);
  std::printf("listening on %s\n", server.address().c_str());
  std::fflush(stdout);
  server.Run(signalfd(-1, &signals, SFD_CLOEXEC));
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
