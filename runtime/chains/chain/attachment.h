// Attachment: what ties a replica to its platform: the stream on which it says what it does, and is
// told where the other chainlets are (proto/chains/v1/control.proto).
//
//   Attachment attachment(options, {.addresses = …, .loads = …}, neighbours);
//   attachment.Start(reactor);       // when it takes calls
//   attachment.BeginDrain(deadline); // the platform knows before the process stops to take any
//
// A lost platform is asked for again, after 50 ms at first and at most every second; meanwhile
// everything stays as it was last told.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/chain/neighbours.h"
#include "chains/contract/spans.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/core/stream.h"
#include "chains/grpc/reactor.h"
#include "chains/v1/control.pb.h"

namespace grpc {
class ChannelCredentials;
}  // namespace grpc

namespace chains::internal {

// Any thread, unless it says otherwise.
class Attachment final : private Reactor::Work {
 public:
  struct Options {
    std::string platform;  // where chains.v1.Control answers: "unix:/path", "HOST:PORT"
    std::string deployment;
    std::string token;  // of the deployment; printable ASCII
    std::string replica;
    // TLS, and who must be there; null: plaintext.
    std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr;
    absl::Duration timeout = absl::Seconds(30);  // without a platform, until `on_lost`
    // There was no platform for that long: the process is to end. On the reactor's thread, at most
    // once.
    std::function<void()> on_lost;
  };
  // What the replica says of itself.
  struct Self {
    std::vector<std::string> addresses;
    uint32_t connections = 1;
    std::string zone = "";
    std::function<std::vector<v1::ChainletLoad>()> loads;
    std::function<void(absl::Time now)> tick = nullptr;  // with every report; may be null
    // What is told with the reports; outlives it. May be null.
    SpanQueue* spans = nullptr;
    // What it measured, as often as it is ordered to say; on the reactor's thread. May be null.
    std::function<v1::Measurements(absl::Time now)> measure = nullptr;
    // With all orders, before they are followed, on the reactor's thread; may be null.
    std::function<void(const v1::ReplicaOrders& orders)> take = nullptr;
  };
  // `neighbours` outlives it.
  Attachment(Options options, Self self, Neighbours& neighbours)
      : options_(std::move(options)), self_(std::move(self)), neighbours_(neighbours) {}
  Attachment(const Attachment&) = delete;

  // Once. The reactor stops before this is destroyed, and its stopping ends the stream.
  void Start(Reactor& reactor);

  // What a Healthy() hook said, on one of the reactors. The replica is healthy when all are.
  void SetHealth(size_t reactor, const std::string& contract, const absl::Status& health);
  // Something is to be reported at once. After Start().
  void ReportSoon();
  // Reports that the replica drains. Returns when that has been sent, when there is no stream, or
  // at `deadline`. Not on the reactor's thread; after Start(), while the reactor runs.
  void BeginDrain(absl::Time deadline);

 private:
  class Patience final : public Loop::Timer {
   public:
    explicit Patience(Attachment& attachment) : attachment_(attachment) {}

   private:
    void Fire() override { attachment_.GiveUp(); }
    Attachment& attachment_;
  };

  // On the reactor's thread.
  Task<void> StayAttached();
  Task<void> FollowOrders();
  Stream<v1::ReplicaReport> Reports();
  Task<void> News();
  v1::ReplicaReport MakeReport();
  void AddMeasurements(v1::ReplicaReport& report);
  absl::Duration UntilNextReport() const;
  void HasNews();
  void Take(const v1::ReplicaOrders& orders);
  void Lost(const absl::Status& why);
  void GiveUp();
  void ReleaseDrain();
  void Cancel() override;

  std::string Problem() const;

  const Options options_;
  const Self self_;
  Neighbours& neighbours_;
  Reactor* reactor_ = nullptr;

  // The reactor's thread's.
  std::optional<Root<void>> root_;
  Patience patience_{*this};
  bool news_ = false;  // something is to be reported at once
  Notice noticed_;
  absl::Duration report_every_ = absl::Milliseconds(500);
  absl::Duration measure_every_ = absl::InfiniteDuration();  // infinite: never
  absl::Time measured_ = absl::InfinitePast();
  uint64_t stream_ = 0;                      // which one this is
  bool heard_ = false;                       // something came on it
  uint64_t orders_seen_ = 0;                 // of this stream, followed by all reactors
  std::optional<absl::StatusCode> trouble_;  // what was said last of a platform that was lost
  bool draining_ = false;
  bool more_spans_ = false;  // than the last report had room for
  bool gave_up_ = false;

  mutable std::mutex mutex_;
  // By reactor and contract, of hooks that fail. Guarded by mutex_.
  std::map<std::pair<size_t, std::string>, std::string> ill_;
  std::condition_variable may_drain_;
  bool drain_released_ = false;  // BeginDrain() may return; guarded by mutex_
};

}  // namespace chains::internal
