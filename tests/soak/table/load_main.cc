// soak-load ADDRESS: unary calls over gRPC at a steady rate, whatever becomes of them, and a record
// of each call, so that a row of the table can see when what went wrong.
//
//   soak-load 127.0.0.1:9000 --method /deep.Top/RunRemote --rate 500x10 --rate 1000x5 --log calls
//
// --failures FILE: of each call that failed a line, "ID CODE WORDS".
//
// A record is 32 bytes, little endian: the id, nanoseconds of CLOCK_MONOTONIC when the call was due
// and when it ended, gRPC's code (100: it was due while too many were in flight), and whether its
// caller left. Calls count from when they were due (no coordinated omission).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/ascii.h"
#include "chains/grpc/connection.h"
#include "chains/grpc/process.h"
#include "deep.pb.h"
#include "hello.pb.h"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr uint32_t kTooMany = 100;
constexpr size_t kMostSaid = 100;
// A load that is so far behind is another than what was asked for: this machine does not carry it.
constexpr std::chrono::seconds kTooLate(5);

struct Flags {
  std::string address;
  std::string method = "/deep.Top/RunRemote";
  std::vector<std::string> rates;  // "500x10": 500 calls a second for 10 seconds
  std::vector<std::string> metadata;
  std::string log = "/dev/null";
  std::string failures = "/dev/null";
  int timeout_ms = 5000;
  int hello = 0;  // names of a request to the hello chain; 0: to the deep one
  uint32_t sleep_us = 0;
  uint32_t spin_us = 0;
  uint32_t hold_mib = 0;
  bool blocks = false;
  double leave_share = 0;    // of callers, who leave …
  int leave_within_ms = 50;  // … at a random moment of this
  size_t connections = 2;
  size_t most_in_flight = 20'000;
  uint64_t first_id = 1;
};

struct Record {
  uint64_t id;
  int64_t due;
  int64_t end;
  uint32_t code;
  uint32_t left;
};
static_assert(sizeof(Record) == 32);

struct Call {
  Record record = {};
  Clock::time_point due;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
  grpc::ByteBuffer reply;
  grpc::Status status;
};

int64_t Nanoseconds(Clock::time_point time) { return nanoseconds(time.time_since_epoch()).count(); }

// When each call is due.
class Schedule {
 public:
  explicit Schedule(const std::vector<std::string>& rates) {
    for (const std::string& text : rates) {
      double rate = 0;
      double seconds = 0;
      if (std::sscanf(text.c_str(), "%lfx%lf", &rate, &seconds) != 2 || rate <= 0 || seconds <= 0) {
        throw CLI::ValidationError("--rate", text + ": RATExSECONDS is expected");
      }
      steps_.push_back({rate, seconds});
    }
  }
  // The next call's time; false: there is none.
  bool Next(Clock::time_point& due) {
    while (step_ < steps_.size()) {
      const auto [rate, seconds] = steps_[step_];
      const double at = static_cast<double>(calls_) / rate;
      if (at < seconds) {
        ++calls_;
        due = begin_ + std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(before_ + at));
        return true;
      }
      before_ += seconds;
      calls_ = 0;
      ++step_;
    }
    return false;
  }

 private:
  std::vector<std::pair<double, double>> steps_;
  const Clock::time_point begin_ = Clock::now() + milliseconds(100);
  double before_ = 0;
  size_t step_ = 0;
  int64_t calls_ = 0;
};

class Load {
 public:
  explicit Load(const Flags& flags)
      : flags_(flags),
        authority_(chains::internal::AuthorityOf(flags.address)),
        log_(flags.log, std::ios::binary),
        failures_(flags.failures),
        schedule_(flags.rates) {
    grpc::ChannelArguments arguments;
    chains::internal::SetClientArguments(
        [&arguments](const char* name, int value) { arguments.SetInt(name, value); });
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    for (size_t i = 0; i < flags.connections; ++i) {
      stubs_.push_back(std::make_unique<grpc::GenericStub>(
          grpc::CreateCustomChannel(flags.address, grpc::InsecureChannelCredentials(), arguments)));
    }
  }

  // False: the log could not be written, or calls could not be made when they were due.
  bool Run() {
    Clock::time_point due;
    while (schedule_.Next(due)) {
      WaitUntil(due);
      latest_ = std::max<Clock::duration>(latest_, Clock::now() - due);
      if (latest_ > kTooLate) return false;
      Begin(due);
    }
    while (in_flight_ > 0) WaitUntil(Clock::now() + milliseconds(100));
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
    log_.flush();
    failures_.flush();
    return log_.good() && failures_.good();
  }
  // How often each answer came, by code and words, in which digits are #.
  using Said = std::map<std::pair<uint32_t, std::string>, int64_t>;
  const Said& said() const { return said_; }
  // By how much the latest call began after it was due.
  Clock::duration latest() const { return latest_; }

 private:
  struct Leaving {
    Clock::time_point when;
    Call* call;
    uint64_t id;
    bool operator<(const Leaving& other) const { return when > other.when; }
  };

  std::string Payload(uint64_t id) const {
    if (flags_.hello > 0) {
      hello::HelloAllRequest request;
      for (int i = 0; i < flags_.hello; ++i) request.add_names("name-" + std::to_string(id));
      return request.SerializeAsString();
    }
    deep::Work work;
    work.set_id(id);
    work.set_sleep_us(flags_.sleep_us);
    work.set_spin_us(flags_.spin_us);
    work.set_hold_mib(flags_.hold_mib);
    work.set_blocks(flags_.blocks);
    return work.SerializeAsString();
  }

  void Begin(Clock::time_point due) {
    const uint64_t id = flags_.first_id + begun_++;
    if (in_flight_ >= flags_.most_in_flight) {
      return Write({.id = id,
                    .due = Nanoseconds(due),
                    .end = Nanoseconds(Clock::now()),
                    .code = kTooMany,
                    .left = 0});
    }
    auto call = std::make_unique<Call>();
    call->record.id = id;
    call->due = due;
    for (const std::string& each : flags_.metadata) {
      const size_t equals = each.find('=');
      call->context.AddMetadata(each.substr(0, equals), each.substr(equals + 1));
    }
    call->context.set_authority(authority_);
    call->context.set_deadline(std::chrono::system_clock::now() + milliseconds(flags_.timeout_ms) -
                               std::chrono::duration_cast<microseconds>(Clock::now() - due));
    const std::string payload = Payload(id);
    const grpc::Slice slice(payload);
    call->reader = stubs_[begun_ % stubs_.size()]->PrepareUnaryCall(
        &call->context, flags_.method, grpc::ByteBuffer(&slice, 1), &queue_);
    call->reader->StartCall();
    Call* const tag = call.release();
    tag->reader->Finish(&tag->reply, &tag->status, tag);
    live_[id] = tag;
    ++in_flight_;
    if (std::uniform_real_distribution<double>(0, 1)(random_) < flags_.leave_share) {
      std::uniform_int_distribution<int> within(0, flags_.leave_within_ms * 1000);
      leaving_.push({Clock::now() + microseconds(within(random_)), tag, id});
    }
  }

  void WaitUntil(Clock::time_point until) {
    for (Clock::time_point now = Clock::now();; now = Clock::now()) {
      Leave(now);
      Clock::time_point next = until;
      if (!leaving_.empty() && leaving_.top().when < next) next = leaving_.top().when;
      void* tag = nullptr;
      bool ok = false;
      // gRPC rounds a wait up to a millisecond. Who is late must only look, or it stays late: hence
      // a time that is past.
      const auto wait = next > now ? std::chrono::duration_cast<microseconds>(next - now)
                                   : microseconds(milliseconds(-100));
      if (queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + wait) ==
          grpc::CompletionQueue::GOT_EVENT) {
        Ended(static_cast<Call*>(tag));
      } else if (Clock::now() >= until) {
        return;
      }
    }
  }
  void Leave(Clock::time_point now) {
    while (!leaving_.empty() && leaving_.top().when <= now) {
      const Leaving leaving = leaving_.top();
      leaving_.pop();
      if (!live_.contains(leaving.id)) continue;
      leaving.call->record.left = 1;
      leaving.call->record.end = Nanoseconds(Clock::now());
      leaving.call->context.TryCancel();
    }
  }
  void Ended(Call* ended) {
    const std::unique_ptr<Call> call(ended);
    --in_flight_;
    Record record = call->record;
    live_.erase(record.id);
    record.due = Nanoseconds(call->due);
    if (record.left == 0) record.end = Nanoseconds(Clock::now());
    record.code = static_cast<uint32_t>(call->status.error_code());
    Write(record, call->status.error_message());
  }
  void Write(const Record& record, std::string words = "") {
    std::replace_if(words.begin(), words.end(), absl::ascii_iscntrl, ' ');
    if (record.code != 0) failures_ << record.id << " " << record.code << " " << words << "\n";
    std::replace_if(words.begin(), words.end(), absl::ascii_isdigit, '#');
    const std::pair<uint32_t, std::string> key(record.code, std::move(words));
    if (said_.size() < kMostSaid || said_.contains(key)) ++said_[key];
    log_.write(reinterpret_cast<const char*>(&record), sizeof(record));
  }

  const Flags& flags_;
  const std::string authority_;
  std::ofstream log_;
  std::ofstream failures_;
  Schedule schedule_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::map<uint64_t, Call*> live_;
  std::priority_queue<Leaving> leaving_;
  std::mt19937 random_{1};
  uint64_t begun_ = 0;
  size_t in_flight_ = 0;
  Clock::duration latest_ = {};
  Said said_;
};

int Main(int argc, char** argv) {
  chains::PrepareProcess();
  Flags flags;
  CLI::App app("calls a chain at a steady rate, and writes down what became of each call");
  app.add_option("address", flags.address, "HOST:PORT or unix:PATH")->required();
  app.add_option("--method", flags.method)->capture_default_str();
  app.add_option("--rate", flags.rates, "RATExSECONDS, one after the other")->required();
  app.add_option("--metadata", flags.metadata, "NAME=VALUE");
  app.add_option("--log", flags.log, "the file of records");
  app.add_option("--failures", flags.failures, "the file of what failures say");
  app.add_option("--timeout-ms", flags.timeout_ms)->check(CLI::Range(1, 600'000));
  app.add_option("--hello", flags.hello, "how many names a request to hello has")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--sleep-us", flags.sleep_us);
  app.add_option("--spin-us", flags.spin_us);
  app.add_option("--hold-mib", flags.hold_mib)->check(CLI::Range(0, 1024));
  app.add_flag("--blocks", flags.blocks, "the leaf waits on a thread");
  app.add_option("--leave", flags.leave_share, "of callers, who leave")->check(CLI::Range(0., 1.));
  app.add_option("--leave-within-ms", flags.leave_within_ms)->check(CLI::Range(1, 60'000));
  app.add_option("--connections", flags.connections)->check(CLI::Range(1, 64));
  app.add_option("--most-in-flight", flags.most_in_flight);
  app.add_option("--first-id", flags.first_id);
  try {
    app.parse(argc, argv);
    Load load(flags);
    const bool written = load.Run();
    if (load.latest() > kTooLate) {
      std::cerr << "soak-load: calls begin more than 5 s after they are due: this machine does not "
                   "carry that rate\n";
      std::_Exit(1);  // calls are under way, which nobody awaits
    }
    for (const auto& [what, count] : load.said()) {
      std::cout << what.first << " " << count << " " << what.second << "\n";
    }
    return written ? 0 : 1;
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
}

}  // namespace

int main(int argc, char** argv) { return Main(argc, argv); }
