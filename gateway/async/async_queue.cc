#include "gateway/async/async_queue.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "chains/core/timing.h"

namespace chains::gateway {
namespace {

std::string NewOwner() { return NewJobId(); }

}  // namespace

AsyncQueue::AsyncQueue(Loop& loop, std::unique_ptr<JobStore> store,
                       std::unique_ptr<WebhookClient> client, JobRunner::Call call, Options options)
    : loop_(loop),
      options_(std::move(options)),
      store_(loop, std::move(store), {}),
      webhooks_(loop, store_, std::move(client),
                {.owner = NewOwner(),
                 .max_running = options_.max_telling,
                 .poll = options_.poll,
                 .rules = options_.webhooks,
                 .secrets = options_.secrets}),
      runner_(loop, store_, std::move(call), [this] { webhooks_.Look(); },
              {.owner = NewOwner(),
               .max_running = options_.max_running,
               .lease = options_.lease,
               .renewal = options_.lease / 15,
               .poll = options_.poll}) {}

void AsyncQueue::Start() {
  runner_.Start();
  webhooks_.Start();
  tidying_.emplace(loop_, Context(), Tidy(), [](const auto&) {});
  tidying_->Start();
}

Task<JobStore::Accepted> AsyncQueue::Accept(std::shared_ptr<const NewJob> job) {
  const size_t bytes = job->input.size();
  const bool full = totals_.waiting >= options_.max_waiting ||
                    totals_.waiting_bytes + bytes > options_.max_waiting_bytes;
  if (full) {
    co_return absl::ResourceExhaustedError(Text("the queue is full: ", totals_.waiting,
                                                " requests with ", totals_.waiting_bytes,
                                                " bytes wait in it; try again later"));
  }
  // Counted before it is there, so that those that come at the same moment are no more than fit.
  for (JobStore::Totals* totals : {&totals_, &since_}) {
    ++totals->waiting;
    totals->waiting_bytes += bytes;
  }
  const auto add = [job](JobStore& jobs) { return jobs.Add(*job); };
  JobStore::Accepted accepted = co_await store_.Do<JobStore::Accepted>(add, bytes);
  runner_.Look();
  co_return accepted;
}

Task<std::optional<JobView>> AsyncQueue::Find(std::string id) {
  const auto find = [id = std::move(id)](JobStore& jobs) { return jobs.Find(id); };
  co_return co_await store_.Do<std::optional<JobView>>(find);
}

Task<std::optional<JobView>> AsyncQueue::Cancel(std::string id) {
  const auto cancel = [id, now = loop_.Now()](JobStore& jobs) { return jobs.Cancel(id, now); };
  std::optional<JobView> job = co_await store_.Do<std::optional<JobView>>(cancel);
  if (job && job->state == JobState::kCanceled) runner_.Drop(id);
  co_return job;
}

Task<void> AsyncQueue::Tidy() {
  while (true) {
    since_ = {};
    const auto tidy = [now = loop_.Now(), kept = options_.kept](JobStore& jobs) {
      return jobs.Tidy(now, kept);
    };
    const absl::StatusOr<JobStore::Totals> seen =
        co_await Outcome(store_.Do<JobStore::Totals>(tidy));
    if (seen.ok()) {
      totals_ = *seen;
      totals_.waiting += since_.waiting;
      totals_.waiting_bytes += since_.waiting_bytes;
      if (totals_.deliveries > 0) webhooks_.Look();
    }
    co_await Sleep(seen.ok() && seen->more ? absl::Milliseconds(10) : options_.tidy);
  }
}

Task<void> AsyncQueue::Drain(absl::Time deadline) {
  tidying_.reset();
  (co_await Outcome(runner_.Drain(deadline))).status().IgnoreError();
  (co_await Outcome(webhooks_.Drain())).status().IgnoreError();
}

}  // namespace chains::gateway
