#include "deploy/telemetry/recordings.h"

#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

v1::RecordedRequest RequestOf(const v1::Trace& trace) {
  v1::RecordedRequest request;
  *request.mutable_spans() = trace.spans();
  bool cut = false;
  for (const v1::Span& span : trace.spans()) cut |= span.cut();
  request.set_incomplete(trace.incomplete() || cut);
  return request;
}

}  // namespace

Recording::Recording(Recordings& of, std::string id, What what)
    : of_(of), id_(std::move(id)), what_(std::move(what)) {
  of_.recordings_.push_back(this);
  of_.changed_();
}

Recording::~Recording() {
  of_.recordings_.remove(this);
  of_.changed_();
}

void Recording::Stop() {
  if (std::exchange(stopped_, true)) return;
  of_.changed_();
}

std::optional<v1::RecordedRequest> Recording::Take() {
  if (waiting_.empty()) return std::nullopt;
  v1::RecordedRequest next = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= next.ByteSizeLong();
  return next;
}

void Recording::Offer(const v1::Trace& trace) {
  if (trace.summary().deployment() != what_.deployment || !trace.summary().recorded()) return;
  if (is_full() || (what_.only_failed && trace.summary().code() == 0)) return;
  v1::RecordedRequest request = RequestOf(trace);
  const size_t bytes = request.ByteSizeLong();
  if (bytes_ + bytes > Recordings::kMostWaitingBytes) {
    ++left_out_;
    ++of_.left_out_;
    return;
  }
  bytes_ += bytes;
  ++come_;
  waiting_.push_back(std::move(request));
  news_.Give();
}

absl::StatusOr<std::unique_ptr<Recording>> Recordings::Begin(Recording::What what) {
  if (recordings_.size() >= kMost) {
    return absl::ResourceExhaustedError(
        Text(kMost, " recordings are made at present; end one of them first"));
  }
  std::string id = Text("r", absl::ToUnixMillis(absl::Now()), "-", ++last_id_);
  return std::make_unique<Recording>(*this, std::move(id), std::move(what));
}

google::protobuf::RepeatedPtrField<v1::RecordingOrder> Recordings::Orders() const {
  google::protobuf::RepeatedPtrField<v1::RecordingOrder> orders;
  for (const Recording* recording : recordings_) {
    if (recording->is_full() || recording->stopped_) continue;
    v1::RecordingOrder& order = *orders.Add();
    order.set_deployment(recording->what_.deployment);
    order.set_share(recording->what_.share);
    order.set_id(recording->id_);
  }
  return orders;
}

void Recordings::Offer(const v1::Trace& trace) {
  for (Recording* recording : recordings_) {
    const bool was_full = recording->is_full();
    recording->Offer(trace);
    if (recording->is_full() != was_full) changed_();
  }
}

}  // namespace chains::deploy
