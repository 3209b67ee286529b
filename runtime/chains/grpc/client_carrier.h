// ClientCarrier: a carrier's stream (chains/v1/wire_carrier.proto) at the caller: the calls that a
// GrpcChannel makes on one of its connections share it, and those that begin in one turn of the
// reactor share a message.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/bytes.h"
#include "chains/contract/method.h"
#include "chains/core/intrusive_list.h"
#include "chains/core/loop.h"
#include "chains/grpc/carried_reader.h"
#include "chains/grpc/carried_writer.h"
#include "chains/grpc/operation.h"
#include "chains/grpc/peer.h"
#include "chains/grpc/reactor.h"

namespace chains::internal {

// A call on it. It takes itself back with ClientCarrier::Withdraw() when nobody waits any more.
class Carriable : public ListNode {
 public:
  // One of these, once; from a completion. May destroy this.

  virtual void Answered(ReceivedAnswer& answer) = 0;
  // It failed so; the callee may have seen it.
  virtual void Failed(const absl::Status& failure) = 0;
  // The callee has not seen it, and the carrier is no more.
  virtual void Unseen() = 0;

 protected:
  ~Carriable() = default;

 private:
  friend class ClientCarrier;
  absl::Time deadline_;
  uint64_t id_ = 0;
};

// For the reactor's thread. Owned by its channel, its calls and its operations.
class ClientCarrier final : public Reactor::Work, public Operation::Owner {
 public:
  // Requests larger than this go alone: they would keep others waiting, and cost little beside
  // their bytes. Methods that answer more than kLargestReply go alone from then on.
  static constexpr size_t kLargestRequest = 16 * 1024;
  static constexpr size_t kLargestReply = 64 * 1024;
  // Calls that wait for an answer; more go alone.
  static constexpr size_t kMostCalls = 4096;

  ClientCarrier(Reactor& reactor, std::shared_ptr<const Peer> peer)
      : reactor_(reactor), peer_(std::move(peer)) {}

  // Once. Calls are taken when the callee has answered; if it has none, the carrier ends. Then the
  // channel hears of it, as long as it is there: it lets go, because a call that is held keeps its
  // connection open.
  void Open(grpc::GenericStub& stub, absl::AnyInvocable<void()> tell_channel);
  // Whether a call of `method` may go this way now.
  bool Takes(const Method& method, size_t request_bytes) const;
  // Sends a call that it takes. `context` is its request's; what it says of a deadline is said by
  // `deadline` alone.
  void Begin(Carriable& call, const Method& method, const Context& context, absl::Time deadline,
             bool asks_load, const Bytes& request);
  // Nobody waits for the call any more: it is not answered, and its callee is told.
  void Withdraw(Carriable& call);
  // Its channel is gone: it takes no further calls, and ends when it waits for no answer.
  void Leave();

  bool has_channel() const { return tell_channel_ != nullptr; }
  // Takes calls, as far as there is room.
  bool open() const { return open_ && !leaving_; }
  // Once it has ended: whether the callee knows no carriers.
  bool unknown() const { return status_.error_code() == grpc::StatusCode::UNIMPLEMENTED; }

 private:
  class Writing final : public Loop::Job {
   public:
    explicit Writing(ClientCarrier& carrier) : carrier_(carrier) {}
    void Run() override { carrier_.Write(); }

   private:
    ClientCarrier& carrier_;
  };
  class Deadline final : public Loop::Timer {
   public:
    explicit Deadline(ClientCarrier& carrier) : carrier_(carrier) {}
    void Fire() override { carrier_.EndLate(); }

   private:
    ClientCarrier& carrier_;
  };

  void Returned(Operation& operation, bool ok) override;
  void Cancel() override;
  void TakeMessage();
  void Take(ReceivedAnswer& answer);
  void Write();
  void EndLate();
  void EndWhenDone();
  void Ended();
  // gRPC's start of a stream and its writes are one operation to it, whose tag is that of the last:
  // a callee's first message may come before the start is told of.
  bool may_write() const { return open_ && !said_all_ && !start_.running() && !write_.running(); }

  Reactor& reactor_;
  const std::shared_ptr<const Peer> peer_;
  grpc::ClientContext client_context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  Operation start_{*this};
  Operation write_{*this};
  Operation read_{*this};
  Operation finish_{*this};
  absl::AnyInvocable<void()> tell_channel_;  // null: it is gone
  Bytes received_;
  grpc::Status status_;
  CarriedWriter calls_to_write_;
  int gathered_ = 0;  // calls in it, since the last message
  Bytes sent_;
  uint64_t last_sent_ = 0;  // the last call that has left
  uint64_t last_id_ = 0;
  Writing writing_{*this};
  absl::Time now_;  // when the first call of this turn began
  struct Waiting {
    Carriable* call;
    const Method* method;
  };
  absl::flat_hash_map<uint64_t, Waiting> calls_;
  std::vector<const Method*> large_;  // whose replies are
  // The earliest deadline of a call, or of one that was: a call needs no timer of its own, because
  // few deadlines pass.
  absl::Time watched_ = absl::InfiniteFuture();
  Deadline deadline_{*this};
  bool open_ = false;
  bool leaving_ = false;
  bool said_all_ = false;
  bool ended_ = false;
  bool cancelled_by_reactor_ = false;
};

}  // namespace chains::internal
