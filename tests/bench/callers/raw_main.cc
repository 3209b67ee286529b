// bench-caller-raw: the floor of a caller. One thread, one queue, a state machine per call in
// flight.
#include <memory>
#include <string>
#include <vector>

#include "chains/grpc/process.h"
#include "tests/bench/callers/closed_loop.h"
#include "tests/bench/callers/raw_streams.h"
#include "tests/bench/callers/requests.h"
#include "tests/bench/floors/messages.h"
#include "tests/bench/floors/raw_server.h"

namespace bench {
namespace {

template <typename Calls>
class RawCaller {
 public:
  explicit RawCaller(const CallerOptions& options)
      : loop_(options),
        stub_(RawConnect(options.address)),
        authority_(RawAuthority(options.address)),
        calls_(options) {
    slots_.reserve(options.in_flight);
    for (int i = 0; i < options.in_flight; ++i) slots_.push_back(std::make_unique<Slot>(*this));
  }

  int Run() {
    for (const std::unique_ptr<Slot>& slot : slots_) slot->Start();
    void* tag = nullptr;
    bool ok = false;
    while (running_ > 0 && queue_.Next(&tag, &ok)) static_cast<RawTag*>(tag)->Proceed(ok);
    queue_.Shutdown();
    while (queue_.Next(&tag, &ok)) {
    }
    return loop_.Report();
  }

 private:
  // What gRPC writes to during one call; made anew for each, as a ClientContext must be.
  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
    grpc::ByteBuffer reply;
    grpc::Status status;
  };
  struct Slot final : RawTag {
    explicit Slot(RawCaller& owner) : owner(owner) {}
    void Start() {
      if (!owner.loop_.Next()) return;
      ++owner.running_;
      call = std::make_unique<Call>();
      call->context.set_authority(owner.authority_);
      call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      call->reader = owner.stub_->PrepareUnaryCall(&call->context, owner.method_,
                                                   ToBuffer(owner.calls_.Make()), &owner.queue_);
      call->reader->StartCall();
      call->reader->Finish(&call->reply, &call->status, static_cast<RawTag*>(this));
    }
    void Proceed(bool) override {
      --owner.running_;
      typename Calls::Reply reply;
      const bool ok = call->status.ok() && FromBuffer(call->reply, reply);
      owner.loop_.Done(ok, call->status.error_message());
      Start();
    }
    RawCaller& owner;
    std::unique_ptr<Call> call;
  };

  ClosedLoop loop_;
  grpc::CompletionQueue queue_;
  const std::unique_ptr<grpc::GenericStub> stub_;
  const std::string authority_;
  const std::string method_ = Calls::kPath;
  const Calls calls_;
  std::vector<std::unique_ptr<Slot>> slots_;
  int running_ = 0;
};

int Main(int argc, char** argv) {
  chains::PrepareProcess();
  const CallerOptions options = ParseCaller(argc, argv);
  if (options.kind == "echo") return RawCaller<EchoCalls>(options).Run();
  if (options.kind == "repeat") return ReadRawStreams(options);
  return RawCaller<HelloAllCalls>(options).Run();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
