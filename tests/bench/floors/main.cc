// bench-raw: the floors as servers.
//
//   bench-raw echo ADDRESS                 answers bench.Echo, its stream too
//   bench-raw hello ADDRESS                answers hello.SayHello
//   bench-raw hello-all ADDRESS HELLO      answers hello.HelloAll with calls to HELLO
//
// Prints "listening on ADDRESS" and serves until SIGTERM.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "chains/grpc/process.h"
#include "hello.pb.h"
#include "tests/bench/bench.pb.h"
#include "tests/bench/floors/messages.h"
#include "tests/bench/floors/raw_server.h"

namespace bench {
namespace {

const grpc::Status kBadRequest(grpc::StatusCode::INVALID_ARGUMENT, "not this message");

void Echo(RawCall& call) {
  EchoRequest request;
  if (!FromBuffer(call.request(), request)) return call.Fail(kBadRequest);
  EchoReply reply;
  reply.set_payload(std::move(*request.mutable_payload()));
  call.Reply(ToBuffer(reply));
}

// One call of Repeat; destroys itself.
class Repeating final : public RawTag {
 public:
  explicit Repeating(RawCall& call) : call_(call) {}
  void Start() {
    if (!FromBuffer(call_.request(), request_)) {
      call_.Fail(kBadRequest);
      delete this;
      return;
    }
    Proceed(true);
  }
  void Proceed(bool ok) override {
    if (ok && sent_++ < request_.times()) {
      EchoReply item;
      item.set_payload(request_.payload());
      call_.Send(ToBuffer(item), *this);
      return;
    }
    call_.End();
    delete this;
  }

 private:
  RawCall& call_;
  RepeatRequest request_;
  int sent_ = 0;
};

void EchoOrRepeat(RawCall& call) {
  if (call.path() == "/bench.Echo/Repeat") {
    (new Repeating(call))->Start();
  } else {
    Echo(call);
  }
}

void Hello(RawCall& call) {
  hello::SayHelloRequest request;
  if (!FromBuffer(call.request(), request)) return call.Fail(kBadRequest);
  hello::SayHelloResponse reply;
  reply.set_result(absl::StrCat("Hello, ", request.name()));
  call.Reply(ToBuffer(reply));
}

// One request to HelloAll and its calls; destroys itself.
class Gathering {
  // The same calls as a chain's carry the same bytes, of which this is most.
  static constexpr char kTraceparent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

 public:
  Gathering(RawCall& call, grpc::GenericStub& stub, const std::string& authority,
            grpc::CompletionQueue& queue)
      : call_(call), stub_(stub), authority_(authority), queue_(queue) {}

  void Start() {
    hello::HelloAllRequest request;
    if (!FromBuffer(call_.request(), request)) {
      call_.Fail(kBadRequest);
      delete this;
      return;
    }
    left_ = request.names_size();
    greetings_ = std::make_unique<Greeting[]>(left_);
    const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(60);
    hello::SayHelloRequest named;
    for (int i = 0; i < request.names_size(); ++i) {
      named.set_name(request.names(i));
      greetings_[i].Start(*this, named, deadline);
    }
  }

 private:
  struct Greeting final : RawTag {
    void Start(Gathering& all, const hello::SayHelloRequest& request,
               std::chrono::system_clock::time_point deadline) {
      owner = &all;
      context.set_deadline(deadline);
      context.set_authority(all.authority_);
      context.AddMetadata("traceparent", kTraceparent);
      reader = all.stub_.PrepareUnaryCall(&context, "/hello.SayHello/RunRemote", ToBuffer(request),
                                          &all.queue_);
      reader->StartCall();
      reader->Finish(&reply, &status, static_cast<RawTag*>(this));
    }
    void Proceed(bool) override { owner->OneDone(); }

    Gathering* owner = nullptr;
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
    grpc::ByteBuffer reply;
    grpc::Status status;
  };
  void OneDone() {
    if (--left_ > 0) return;
    Answer();
    delete this;
  }
  void Answer() {
    hello::HelloAllRequest request;
    FromBuffer(call_.request(), request);
    hello::HelloAllResponse all;
    for (int i = 0; i < request.names_size(); ++i) {
      hello::SayHelloResponse said;
      if (!greetings_[i].status.ok()) return call_.Fail(greetings_[i].status);
      if (!FromBuffer(greetings_[i].reply, said)) return call_.Fail(kBadRequest);
      if (i > 0) all.mutable_result()->append("\n");
      all.mutable_result()->append(said.result());
    }
    call_.Reply(ToBuffer(all));
  }

  RawCall& call_;
  grpc::GenericStub& stub_;
  const std::string& authority_;
  grpc::CompletionQueue& queue_;
  std::unique_ptr<Greeting[]> greetings_;
  int left_ = 0;
};

int Serve(RawServer& server, const sigset_t& signals) {
  std::printf("listening on %s\n", server.address().c_str());
  std::fflush(stdout);
  std::thread serving([&server] { server.Run(); });
  int signal = 0;
  sigwait(&signals, &signal);
  server.Stop();
  serving.join();
  return 0;
}

int Main(int argc, char** argv) {
  chains::PrepareProcess();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const std::string role = argc > 2 ? argv[1] : "";
  if (role == "echo" && argc == 3) {
    RawServer server(argv[2], EchoOrRepeat);
    return Serve(server, signals);
  }
  if (role == "hello" && argc == 3) {
    RawServer server(argv[2], Hello);
    return Serve(server, signals);
  }
  if (role == "hello-all" && argc == 4) {
    const std::unique_ptr<grpc::GenericStub> stub = RawConnect(argv[3]);
    const std::string authority = RawAuthority(argv[3]);
    RawServer* self = nullptr;
    RawServer server(argv[2], [&](RawCall& call) {
      (new Gathering(call, *stub, authority, self->queue()))->Start();
    });
    self = &server;
    return Serve(server, signals);
  }
  std::fprintf(stderr,
               "usage: bench-raw echo ADDRESS | hello ADDRESS | hello-all ADDRESS HELLO_ADDRESS\n");
  return 2;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
