#include "deploy/load/grpc_load.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/str_cat.h"
#include "chains/core/text.h"
#include "chains/grpc/connection.h"
#include "chains/grpc/status.h"
#include "deploy/load/meter.h"
#include "deploy/load/waiting.h"

namespace chains::load {
namespace {

using std::chrono::nanoseconds;
using Time = Meter::Time;
using WallClock = std::chrono::system_clock;

constexpr int kMaxConnections = 1000;

absl::Status Check(const GrpcTarget& target) {
  if (target.payloads.empty()) {
    return absl::InvalidArgumentError("payloads: at least one is needed");
  }
  if (target.method.size() < 4 || target.method[0] != '/' ||
      std::count(target.method.begin(), target.method.end(), '/') != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("method ", target.method, ": /package.Service/Method is expected"));
  }
  if (target.connections < 1 || target.connections > kMaxConnections) {
    return absl::InvalidArgumentError("connections: 1 to 1,000 are possible");
  }
  return absl::OkStatus();
}

std::unique_ptr<grpc::GenericStub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  chains::internal::SetClientArguments(
      [&arguments](const char* name, int value) { arguments.SetInt(name, value); });
  return std::make_unique<grpc::GenericStub>(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

class GrpcLoad {
 public:
  GrpcLoad(const GrpcTarget& target, const Plan& plan)
      : target_(target),
        authority_(chains::internal::AuthorityOf(target.address)),
        timeout_(absl::ToChronoNanoseconds(plan.timeout)),
        meter_(plan, target.payloads),
        slots_(static_cast<size_t>(plan.in_flight)) {
    for (int i = 0; i < target.connections; ++i) stubs_.push_back(Connect(target.address));
    for (const Payload& payload : target.payloads) messages_.push_back(ToBuffer(payload.body));
    for (size_t i = 0; i < slots_.size(); ++i) {
      slots_[i].stub = stubs_[i % stubs_.size()].get();
      idle_.push_back(&slots_[i]);
    }
  }

  absl::StatusOr<Report> Run() {
    for (Time now = Now(); !meter_.over(); now = Now()) {
      meter_.Tick(now);
      StartWhatIsDue(now);
      if (!meter_.over()) Wait();
    }
    CancelTheRest();
    if (!meter_.status().ok()) return meter_.status();
    return std::move(meter_).Take();
  }

 private:
  // What gRPC writes to during one call; made anew for each, as a ClientContext must be.
  struct Operation {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
    grpc::ByteBuffer reply;
    grpc::Status status;
  };
  // A place in flight, and the tag of its call.
  struct Slot {
    grpc::GenericStub* stub = nullptr;
    Meter::Call call;
    std::unique_ptr<Operation> operation;  // null while idle
  };

  static Time Now() { return std::chrono::steady_clock::now(); }

  void StartWhatIsDue(Time now) {
    while (!idle_.empty() && meter_.MayStart(now)) {
      Slot& slot = *idle_.back();
      idle_.pop_back();
      slot.call = meter_.Start(now);
      Start(slot, slot.call.due + timeout_ - now);
      now = Now();
    }
  }
  void Start(Slot& slot, nanoseconds timeout) {
    slot.operation = std::make_unique<Operation>();
    Operation& operation = *slot.operation;
    for (const auto& [key, value] : target_.metadata) operation.context.AddMetadata(key, value);
    operation.context.set_authority(authority_);
    operation.context.set_deadline(WallClock::now() +
                                   std::chrono::duration_cast<WallClock::duration>(timeout));
    operation.reader = slot.stub->PrepareUnaryCall(&operation.context, target_.method,
                                                   messages_[slot.call.payload], &queue_);
    operation.reader->StartCall();
    operation.reader->Finish(&operation.reply, &operation.status, &slot);
  }
  // One event, if there is one in time.
  void Wait() {
    const Time now = Now();
    const Time start = idle_.empty() ? Time::max() : meter_.NextStart();
    const auto until = WallClock::now() + LongestWait(now, start, meter_.NextTick());
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, until) == grpc::CompletionQueue::GOT_EVENT) {
      Ended(*static_cast<Slot*>(tag));
    }
  }
  void Ended(Slot& slot) {
    const std::unique_ptr<Operation> operation = std::move(slot.operation);
    idle_.push_back(&slot);
    if (operation->status.ok()) return meter_.Answered(slot.call, Now());
    const std::string kind =
        absl::StatusCodeToString(static_cast<absl::StatusCode>(operation->status.error_code()));
    meter_.Failed(slot.call, Now(), kind, Text(kind, ": ", operation->status.error_message()));
  }
  // Each call ends soon after it was cancelled, so this ends.
  void CancelTheRest() {
    for (Slot& slot : slots_) {
      if (slot.operation != nullptr) slot.operation->context.TryCancel();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) static_cast<Slot*>(tag)->operation.reset();
  }

  const GrpcTarget& target_;
  const std::string authority_;
  const nanoseconds timeout_;
  Meter meter_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::vector<grpc::ByteBuffer> messages_;  // of each payload
  std::vector<Slot> slots_;
  std::vector<Slot*> idle_;
};

}  // namespace

absl::StatusOr<Report> RunGrpc(const GrpcTarget& target, const Plan& plan) {
  if (absl::Status valid = Validate(plan); !valid.ok()) return valid;
  if (absl::Status valid = Check(target); !valid.ok()) return valid;
  absl::StatusOr<Report> report = GrpcLoad(target, plan).Run();
  if (report.ok()) return report;
  return absl::Status(report.status().code(),
                      absl::StrCat(target.address, ": ", report.status().message()));
}

}  // namespace chains::load
