// Agent: what it says to its platform, and is told.
#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "deploy/agent/agent.h"
#include "deploy/agent/backoff.h"

namespace chains::deploy {
namespace {

constexpr size_t kMostOfAPiece = size_t{64} << 10;
constexpr size_t kMostOutput = size_t{256} << 10;  // in a report
constexpr absl::Duration kFastestReports = absl::Milliseconds(10);
constexpr absl::Duration kSlowestReports = absl::Minutes(1);

}  // namespace

Task<void> Agent::StayConnected() {
  Backoff backoff;
  while (true) {
    const absl::StatusOr<chains::internal::Unit> ended = co_await Outcome(FollowOrders());
    if (heard_) backoff.Reset();
    if (closing_) {
      closed_ = true;
      noticed_.Give();
      co_return;
    }
    const std::string trouble(ended.ok() ? "it ended the stream" : MessageOf(ended.status()));
    if (std::exchange(trouble_, trouble) != trouble) {
      Say(Text("the platform is not reached, and asked again: ", trouble));
    }
    co_await Sleep(backoff.Next());
  }
}

Task<void> Agent::FollowOrders() {
  heard_ = false;
  for (Ended& each : ended_) {
    each.told = false;
    each.spoken->sent = each.spoken->output.kept();
  }
  if (running_ != nullptr) running_->spoken->sent = running_->spoken->output.kept();
  const std::shared_ptr<v1::Pods> platform = options_.connect();
  Stream<v1::PodOrders> orders = platform->Host(Reports());
  while (std::optional<v1::PodOrders> next = co_await orders.Next()) Take(*std::move(next));
}

// What was yielded has been sent when the next is asked for.
Stream<v1::PodReport> Agent::Reports() {
  while (true) {
    const bool last = closing_;
    news_ = false;
    v1::PodReport report = MakeReport();
    std::vector<std::string> ends;
    for (const v1::ReplicaEnded& each : report.ended()) ends.push_back(each.replica());
    co_yield std::move(report);
    NoteTold(ends);
    if (last && !more_output_) co_return;
    if (more_output_) continue;
    const absl::StatusOr<chains::internal::Unit> news =
        co_await Outcome(WithTimeout(News(), report_every_));
    news.status().IgnoreError();  // none came: it is time for a report all the same
  }
}

void Agent::NoteTold(const std::vector<std::string>& replicas) {
  for (Ended& each : ended_) {
    const bool said = absl::c_linear_search(replicas, each.report.replica());
    each.told = said && each.spoken->sent >= each.spoken->output.end();
  }
}

Task<void> Agent::News() {
  while (!news_) co_await noticed_.Wait();
}

Task<void> Agent::Closed() {
  while (!closed_) co_await noticed_.Wait();
}

void Agent::HasNews() {
  news_ = true;
  output_waits_ = false;
  output_news_.Disarm();
  noticed_.Give();
}

v1::PodReport Agent::MakeReport() {
  v1::PodReport report;
  report.set_deployment(options_.deployment);
  report.set_pod(options_.pod);
  report.set_uid(options_.uid);
  report.set_node(options_.node);
  report.set_place(options_.place);
  report.set_leaving(leaving_);
  const v1::ReplicaOrder* const has = running_ != nullptr     ? &running_->spoken->order
                                      : preparing_ != nullptr ? &preparing_->order
                                                              : nullptr;
  if (has != nullptr) {
    report.set_replica(has->replica());
    report.set_revision(has->revision());
    report.set_unit(has->unit());
  }
  if (running_ != nullptr) {
    report.set_pid(running_->program->pid());
  } else if (preparing_ != nullptr) {
    report.set_doing(preparing_->progress.Text());
  }
  size_t room = kMostOutput;
  more_output_ = false;
  for (Ended& each : ended_) {
    *report.add_ended() = each.report;
    AddOutput(*each.spoken, room, report);
  }
  if (running_ != nullptr) AddOutput(*running_->spoken, room, report);
  return report;
}

void Agent::AddOutput(Spoken& spoken, size_t& room, v1::PodReport& report) {
  while (room > 0) {
    const uint64_t from = std::max(spoken.sent, spoken.output.first());
    const std::string_view data = spoken.output.From(from, std::min(room, kMostOfAPiece));
    if (data.empty()) break;
    v1::OutputPiece& piece = *report.add_output();
    piece.set_replica(spoken.order.replica());
    piece.set_offset(from);
    piece.set_data(std::string(data));
    spoken.sent = from + data.size();
    room -= data.size();
  }
  if (spoken.sent < spoken.output.end()) more_output_ = true;
}

void Agent::KeepOutput(const v1::PodOrders& orders) {
  const auto keep = [&orders](Spoken& spoken) {
    const auto found = orders.output_kept().find(spoken.order.replica());
    if (found != orders.output_kept().end()) spoken.output.Keep(found->second);
  };
  for (Ended& each : ended_) keep(*each.spoken);
  if (running_ != nullptr) keep(*running_->spoken);
}

// Orders after a report of an end, and without the replica, are those of a platform that knows.
void Agent::Take(v1::PodOrders orders) {
  heard_ = true;
  trouble_.clear();
  if (orders.report_every_ms() > 0) {
    report_every_ =
        std::clamp(absl::Milliseconds(orders.report_every_ms()), kFastestReports, kSlowestReports);
  }
  KeepOutput(orders);
  std::erase_if(ended_, [&orders](const Ended& each) {
    return each.told && orders.run().replica() != each.report.replica();
  });
  const bool same = orders_ && orders_->run().replica() == orders.run().replica() &&
                    orders_->patience_ms() == orders.patience_ms();
  orders_ = std::move(orders);
  if (!same) Look();
}

}  // namespace chains::deploy
