#include "chains/chain/attachment.h"

#include <algorithm>
#include <memory>
#include <unistd.h>

#include "chains/chain/log.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "chains/grpc/client_channel.h"
#include "chains/v1/control.chains.h"

namespace chains::internal {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(50);  // before a platform is asked again
constexpr absl::Duration kLongestPause = absl::Seconds(1);
constexpr absl::Duration kFastestReports = absl::Milliseconds(10);
constexpr absl::Duration kFastestMeasures = absl::Milliseconds(100);
constexpr absl::Duration kSlowestReports = absl::Minutes(1);
// While there is more to say than fits into a report, or soon nobody left to say it.
constexpr absl::Duration kHurriedReports = absl::Milliseconds(50);

Context WithToken(const std::string& token) {
  return Context(absl::InfiniteFuture(), "", {{"chains-token", token}});
}

}  // namespace

void Attachment::Start(Reactor& reactor) {
  reactor_ = &reactor;
  reactor.Post([this] {
    if (!reactor_->Admit(*this)) return;
    reactor_->Arm(patience_, reactor_->Now() + options_.timeout);
    root_.emplace(*reactor_, WithToken(options_.token), StayAttached(),
                  [](const absl::StatusOr<Unit>&) {});
    root_->Start();
  });
}

void Attachment::Cancel() {
  root_.reset();
  patience_.Disarm();
  Unlink();
  ReleaseDrain();
}

Task<void> Attachment::StayAttached() {
  absl::Duration pause = kFirstPause;
  while (true) {
    absl::StatusOr<Unit> ended = co_await Outcome(FollowOrders());
    if (heard_) pause = kFirstPause;
    Lost(ended.status());
    co_await Sleep(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

// Over a channel of its own, so that none waits until an earlier one has recovered from a failure.
Task<void> Attachment::FollowOrders() {
  ++stream_;
  heard_ = false;
  orders_seen_ = 0;
  GrpcChannel channel(options_.platform, *reactor_,
                      {.connections = 1, .credentials = options_.credentials});
  const std::unique_ptr<v1::Control> control = Contract<v1::Control>::Connect(channel);
  Stream<v1::ReplicaOrders> orders = control->Attach(Reports());
  while (std::optional<v1::ReplicaOrders> next = co_await orders.Next()) Take(*next);
}

void Attachment::Take(const v1::ReplicaOrders& orders) {
  heard_ = true;
  trouble_.reset();
  patience_.Disarm();
  if (orders.report_every_ms() > 0) {
    report_every_ =
        std::clamp(absl::Milliseconds(orders.report_every_ms()), kFastestReports, kSlowestReports);
  }
  measure_every_ = orders.measure_every_ms() == 0
                       ? absl::InfiniteDuration()
                       : std::clamp(absl::Milliseconds(orders.measure_every_ms()), kFastestMeasures,
                                    kSlowestReports);
  if (self_.take != nullptr) self_.take(orders);
  neighbours_.Follow(orders.endpoints(), [this, stream = stream_, version = orders.version()] {
    reactor_->Post([this, stream, version] {
      if (stream != stream_) return;
      orders_seen_ = version;
      HasNews();
    });
  });
}

// A trouble that goes on is said once.
void Attachment::Lost(const absl::Status& why) {
  if (heard_) reactor_->Arm(patience_, reactor_->Now() + options_.timeout);
  ReleaseDrain();
  if (std::exchange(trouble_, why.code()) == why.code()) return;
  Log(Context(), Severity::kWarning,
      Text("the platform at ", options_.platform, " is not reached, and asked again: ",
           why.ok() ? "it ended the stream" : why.ToString()));
}

void Attachment::GiveUp() {
  if (std::exchange(gave_up_, true)) return;
  Log(Context(), Severity::kError,
      Text("no platform at ", options_.platform, " for ", absl::FormatDuration(options_.timeout),
           ": this replica ends"));
  if (options_.on_lost) options_.on_lost();
}

// What was yielded has been sent when the next is asked for.
Stream<v1::ReplicaReport> Attachment::Reports() {
  while (true) {
    v1::ReplicaReport report = MakeReport();
    const bool draining = report.state() == v1::REPLICA_DRAINING;
    co_yield std::move(report);
    if (draining) ReleaseDrain();
    const absl::StatusOr<internal::Unit> news =
        co_await Outcome(WithTimeout(News(), UntilNextReport()));
    news.status().IgnoreError();  // none came: it is time for a report all the same
    news_ = false;
    if (self_.tick) self_.tick(reactor_->Now());
  }
}

absl::Duration Attachment::UntilNextReport() const {
  const bool hurries = more_spans_ || (draining_ && self_.spans != nullptr);
  return hurries ? std::min(report_every_, kHurriedReports) : report_every_;
}

Task<void> Attachment::News() {
  while (!news_) co_await noticed_.Wait();
}

void Attachment::HasNews() {
  news_ = true;
  noticed_.Give();
}

v1::ReplicaReport Attachment::MakeReport() {
  v1::ReplicaReport report;
  report.set_deployment(options_.deployment);
  report.set_replica(options_.replica);
  report.set_pid(getpid());
  report.set_problem(Problem());
  report.set_state(draining_                  ? v1::REPLICA_DRAINING
                   : report.problem().empty() ? v1::REPLICA_READY
                                              : v1::REPLICA_UNHEALTHY);
  report.mutable_addresses()->Assign(self_.addresses.begin(), self_.addresses.end());
  report.set_connections(self_.connections);
  report.set_zone(self_.zone);
  report.set_orders_seen(orders_seen_);
  for (v1::ChainletLoad& load : self_.loads()) *report.add_loads() = std::move(load);
  for (v1::Demand& demand : neighbours_.Demands()) *report.add_demands() = std::move(demand);
  AddMeasurements(report);
  if (self_.spans != nullptr) {
    self_.spans->TakeInto(*report.mutable_telemetry());
    more_spans_ = !self_.spans->empty();
  }
  return report;
}

// Its last word has them, too: what is summed up of it must not end before it does.
void Attachment::AddMeasurements(v1::ReplicaReport& report) {
  if (self_.measure == nullptr || measure_every_ == absl::InfiniteDuration()) return;
  const absl::Time now = reactor_->Now();
  if (!draining_ && now < measured_ + measure_every_) return;
  measured_ = now;
  *report.mutable_telemetry()->mutable_measurements() = self_.measure(now);
}

void Attachment::SetHealth(size_t reactor, const std::string& contract,
                           const absl::Status& health) {
  bool changed = false;
  {
    std::lock_guard lock(mutex_);
    const auto key = std::make_pair(reactor, contract);
    changed =
        health.ok() ? ill_.erase(key) > 0 : ill_.insert_or_assign(key, health.ToString()).second;
  }
  if (changed) ReportSoon();
}

// The first one, in case several fail.
std::string Attachment::Problem() const {
  std::lock_guard lock(mutex_);
  if (ill_.empty()) return "";
  const auto& [where, problem] = *ill_.begin();
  return Text(where.second, ": ", problem);
}

void Attachment::ReportSoon() {
  reactor_->Post([this] { HasNews(); });
}

void Attachment::BeginDrain(absl::Time deadline) {
  reactor_->Post([this] {
    draining_ = true;
    if (!heard_) ReleaseDrain();
    HasNews();
  });
  std::unique_lock lock(mutex_);
  may_drain_.wait_until(lock, absl::ToChronoTime(deadline), [this] { return drain_released_; });
}

void Attachment::ReleaseDrain() {
  if (!draining_) return;
  std::lock_guard lock(mutex_);
  drain_released_ = true;
  may_drain_.notify_all();
}

}  // namespace chains::internal
