// ServedCarrier: a carrier's stream (chains/v1/wire_carrier.proto) at the callee: the calls that
// come on it, and their answers, which leave together where they are ready together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/contract/bytes.h"
#include "chains/core/intrusive_list.h"
#include "chains/core/loop.h"
#include "chains/grpc/carried_reader.h"
#include "chains/grpc/carried_writer.h"
#include "chains/grpc/lane.h"
#include "chains/grpc/operation.h"
#include "chains/grpc/served.h"

namespace chains::internal {

// For the lane's reactor's thread. It is in the lane's list while its stream is open.
class ServedCarrier final : public ListNode, public Operation::Owner {
 public:
  explicit ServedCarrier(Lane& lane) : lane_(lane), stream_(&context_) {}

  // Waits for a caller that opens one.
  void Accept();
  // Tells the caller to use it no more, and ends it once nothing is left to answer.
  void Leave();
  // Answers what runs with `status`, and ends.
  void End(const absl::Status& status);

 private:
  // One call on it.
  class Call final : public PooledFrame, public Served {
   public:
    Call(ServedCarrier& carrier, uint64_t id) : Served(carrier.lane_), carrier_(carrier), id_(id) {}
    // Refused, or its answer is on its way; may destroy this.
    void Begin(ReceivedCall& call, absl::Time now);
    void End(const absl::Status& status);
    void EndLate();
    absl::Time deadline() const { return deadline_; }

   private:
    absl::Status MayRun(const Service::Handler* handler, const ReceivedCall& call);
    void Answer(absl::StatusOr<Bytes> outcome, const Method& method) override;
    void Send(const Bytes& reply, grpc::Status status);

    ServedCarrier& carrier_;
    const uint64_t id_;
    absl::Time deadline_ = absl::InfiniteFuture();
  };
  // Goes on with a message whose calls do not all begin in one turn.
  class Taking final : public Loop::Job {
   public:
    explicit Taking(ServedCarrier& carrier) : carrier_(carrier) {}
    void Run() override { carrier_.TakeSome(carrier_.lane_.reactor().Now()); }

   private:
    ServedCarrier& carrier_;
  };
  // Writes what was gathered in a turn.
  class Writing final : public Loop::Job {
   public:
    explicit Writing(ServedCarrier& carrier) : carrier_(carrier) {}
    void Run() override { carrier_.Write(); }

   private:
    ServedCarrier& carrier_;
  };
  class At final : public Loop::Timer {
   public:
    At(ServedCarrier& carrier, void (ServedCarrier::*what)()) : carrier_(carrier), what_(what) {}
    void Fire() override { (carrier_.*what_)(); }

   private:
    ServedCarrier& carrier_;
    void (ServedCarrier::*const what_)();
  };

  void Returned(Operation& operation, bool ok) override;
  void Opened();
  void Read();
  void TakeMessage();
  void TakeSome(absl::Time now);
  void EndMessage();
  void Take(ReceivedCall& call);
  void Write();
  void EndLate();
  void Watch(absl::Time deadline);
  void Linger();
  void EndWhenDone();
  // gRPC aborts on what begins in a queue that is closed: tags may come from there even then.
  bool may_begin() const { return !over_ && !lane_.reactor().stopping(); }

  Lane& lane_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_;
  Operation accept_{*this};
  Operation done_{*this};  // the stream is over
  Operation read_{*this};
  Operation write_{*this};
  Operation finish_{*this};
  Bytes received_;
  std::optional<CarriedCallsReader> message_;  // as long as there are calls in it
  absl::Time arrived_;                         // when it came
  Taking taking_{*this};
  CarriedWriter answers_;
  Bytes sent_;
  Writing writing_{*this};
  absl::flat_hash_map<uint64_t, std::unique_ptr<Call>> calls_;
  // The earliest deadline of a call, or of one that was: a call needs no timer of its own, because
  // few deadlines pass.
  absl::Time watched_ = absl::InfiniteFuture();
  At deadline_{*this, &ServedCarrier::EndLate};
  At age_{*this, &ServedCarrier::Linger};
  grpc::Status end_;  // what the stream ends with, once all is answered
  bool leaving_ = false;
  bool heard_all_ = false;  // the caller sends nothing more
  bool over_ = false;       // nothing may begin any more
};

}  // namespace chains::internal
