#include "chains/grpc/served.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace chains::internal {

absl::Status Served::TooManyCalls() const {
  if (!lane_.refusal().ok()) return lane_.refusal();
  return absl::ResourceExhaustedError(
      absl::StrCat("the replica ", lane_.options().replica, " has ", lane_.in_flight().load() - 1,
                   " calls on one reactor: raise GrpcServer::Options::max_calls or add reactors"));
}

int Served::Load() const {
  const Lane::Options& options = lane_.options();
  if (!wishes_.load || options.in_flight == nullptr) return -1;
  return static_cast<int>(options.in_flight());
}

void Served::Run(const Service::Handler& handler, Context context, Task<Bytes> answer) {
  Reactor& reactor = lane_.reactor();
  times_ = handler.times;
  if (times_ != nullptr) arrived_ = reactor.Now();
  SpanQueue* const spans = lane_.options().spans;
  const bool asked = wishes_.receipt || wishes_.own_figures;
  if (asked || (wishes_.traced && spans != nullptr)) [[unlikely]] {
    receipt_ = std::make_unique<ServedReceipt>(context, reactor, *handler.method, wishes_, spans,
                                               lane_.options().traced_times);
    context = receipt_->context();
  }
  task_.emplace(reactor, std::move(context), std::move(answer),
                [this, &method = *handler.method](absl::StatusOr<Bytes> outcome) {
                  if (!outcome.ok()) NoteFailure(method, outcome.status());
                  task_.reset();
                  NoteEnd(outcome.status());
                  Answer(std::move(outcome), method);
                });
  task_->Start();
}

void Served::NoteFailure(const Method& method, const absl::Status& failure) const {
  const Lane::Options& options = lane_.options();
  if (options.on_failure == nullptr || IsHousekeeping(method.path)) return;
  options.on_failure(task_->context(), method, failure);
}

}  // namespace chains::internal
