// bench-caller-open ADDRESS --rate R --seconds S: calls bench.Echo at a stated rate, whether or not
// earlier calls were answered, and prints how long answers took *from when their calls were due*.
// So a server that stalls is charged for every call that it made late, not for one (no coordinated
// omission). Every so often a call may be a slow one; those are not counted.
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "chains/grpc/process.h"
#include "tests/bench/bench.pb.h"
#include "tests/bench/callers/histogram.h"
#include "tests/bench/floors/messages.h"
#include "tests/bench/floors/raw_server.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

// gRPC waits by milliseconds: who is due sooner is waited for by asking again and again.
constexpr auto kGranularity = std::chrono::milliseconds(2);
constexpr int64_t kMaxInFlight = 20'000;

struct Options {
  std::string address;
  double rate = 1000;
  double seconds = 2;
  int size = 30;
  int64_t slow_every = 0;
  int slow_ms = 50;
};

class OpenLoop {
 public:
  explicit OpenLoop(const Options& options)
      : options_(options),
        stub_(RawConnect(options.address)),
        authority_(RawAuthority(options.address)),
        total_(static_cast<int64_t>(options.rate * options.seconds)) {}

  int Run() {
    WarmUp();
    begin_ = Clock::now();
    while (ended_ < total_ && failure_.empty()) {
      while (sent_ < total_ && Due(sent_) <= Clock::now()) Send(sent_++);
      Wait();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) Ended(std::unique_ptr<Call>(static_cast<Call*>(tag)));
    return Report();
  }

 private:
  struct Call {
    Clock::time_point due;
    bool slow = false;
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
    grpc::ByteBuffer reply;
    grpc::Status status;
  };

  Clock::time_point Due(int64_t i) const {
    return begin_ + nanoseconds(static_cast<int64_t>(1e9 * static_cast<double>(i) / options_.rate));
  }
  // Connects, and is not counted.
  void WarmUp() {
    begin_ = Clock::now();
    for (int i = 0; i < 100 && failure_.empty(); ++i) {
      Start(begin_, false);
      WaitUntil(std::chrono::system_clock::now() + std::chrono::seconds(30));
    }
    latencies_ = Histogram();
    ended_ = 0;
  }
  void Send(int64_t i) {
    if (sent_ - ended_ > kMaxInFlight) failure_ = "too many calls in flight: the rate is too high";
    Start(Due(i), options_.slow_every > 0 && i % options_.slow_every == 0);
  }
  void Start(Clock::time_point due, bool slow) {
    EchoRequest request;
    request.set_payload(std::string(options_.size, 'x'));
    if (slow) request.set_sleep_ms(options_.slow_ms);
    auto call = std::make_unique<Call>();
    call->due = due;
    call->slow = slow;
    call->context.set_authority(authority_);
    call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    call->reader = stub_->PrepareUnaryCall(&call->context, "/bench.Echo/RunRemote",
                                           ToBuffer(request), &queue_);
    call->reader->StartCall();
    Call* const tag = call.release();  // Ended() takes it back
    tag->reader->Finish(&tag->reply, &tag->status, tag);
  }
  void Wait() {
    const auto now = Clock::now();
    const auto left = sent_ < total_ ? Due(sent_) - now : std::chrono::seconds(60);
    WaitUntil(std::chrono::system_clock::now() +
              std::chrono::duration_cast<std::chrono::system_clock::duration>(
                  left < kGranularity ? nanoseconds(0) : left - kGranularity));
  }
  void WaitUntil(std::chrono::system_clock::time_point deadline) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return;
    Ended(std::unique_ptr<Call>(static_cast<Call*>(tag)));
  }
  void Ended(std::unique_ptr<Call> call) {
    ++ended_;
    if (!call->status.ok()) failure_ = call->status.error_message();
    if (call->slow) return;
    latencies_.Add(std::chrono::duration_cast<nanoseconds>(Clock::now() - call->due).count());
  }
  int Report() const {
    if (!failure_.empty()) {
      std::fprintf(stderr, "%s: %s\n", options_.address.c_str(), failure_.c_str());
      return 1;
    }
    const auto us = [this](double share) {
      return static_cast<double>(latencies_.Quantile(share)) / 1e3;
    };
    std::printf(
        "{\"calls\": %llu, \"rate\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
        "\"p999_us\": %.1f}\n",
        static_cast<unsigned long long>(latencies_.count()), options_.rate, us(0.5), us(0.99),
        us(0.999));
    return 0;
  }

  const Options& options_;
  grpc::CompletionQueue queue_;
  const std::unique_ptr<grpc::GenericStub> stub_;
  const std::string authority_;
  const int64_t total_;
  Clock::time_point begin_;
  int64_t sent_ = 0;
  int64_t ended_ = 0;
  Histogram latencies_;
  std::string failure_;
};

int Main(int argc, char** argv) {
  chains::PrepareProcess();
  Options options;
  CLI::App app("calls bench.Echo at a stated rate");
  app.add_option("address", options.address)->required();
  app.add_option("--rate", options.rate, "calls a second")->check(CLI::Range(1.0, 1e6));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.01, 600.0));
  app.add_option("--size", options.size, "bytes of an echo")->check(CLI::Range(0, 100'000'000));
  app.add_option("--slow-every", options.slow_every, "one in so many calls is slow; 0: none");
  app.add_option("--slow-ms", options.slow_ms)->check(CLI::Range(1, 10'000));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return OpenLoop(options).Run();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
