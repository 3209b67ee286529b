#include "gateway/async/job_runner.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "chains/core/text.h"
#include "chains/core/timing.h"

namespace chains::gateway {
namespace {

// What the store knows of the near future.
struct Taken {
  std::vector<LeasedJob> jobs;
  std::optional<absl::Time> next;
};

constexpr size_t kAtOnce = 32;

}  // namespace

JobRunner::JobRunner(Loop& loop, StoreWorker& store, Call call, Ended ended, Options options)
    : loop_(loop),
      store_(store),
      call_(std::move(call)),
      ended_(std::move(ended)),
      options_(std::move(options)) {}

void JobRunner::Start() {
  const auto never = [](const auto&) {};
  taking_.emplace(loop_, Context(), TakeJobs(), never);
  renewing_.emplace(loop_, Context(), RenewLeases(), never);
  taking_->Start();
  renewing_->Start();
}

Task<void> JobRunner::TakeJobs() {
  while (true) {
    const uint64_t seen = look_.count();
    const uint64_t over = over_.count();
    if (running_.size() >= options_.max_running) {
      co_await over_.Wait(over, absl::InfiniteDuration());
      continue;
    }
    const absl::StatusOr<absl::Duration> wait = co_await Outcome(TakeSome());
    co_await look_.Wait(seen, wait.ok() ? *wait : options_.pause);
  }
}

// How long there will be nothing more to take, unless something new comes.
Task<absl::Duration> JobRunner::TakeSome() {
  const size_t room = std::min(options_.max_running - running_.size(), kAtOnce);
  const JobStore::Order order{.owner = options_.owner,
                              .now = loop_.Now(),
                              .until = loop_.Now() + options_.lease,
                              .most = room};
  const auto take = [order](JobStore& jobs) -> absl::StatusOr<Taken> {
    absl::StatusOr<std::vector<LeasedJob>> leased = jobs.Lease(order);
    if (!leased.ok()) return leased.status();
    Taken taken{.jobs = *std::move(leased), .next = std::nullopt};
    if (taken.jobs.size() == order.most) return taken;
    absl::StatusOr<std::optional<absl::Time>> next = jobs.NextDue();
    if (!next.ok()) return next.status();
    taken.next = *next;
    return taken;
  };
  Taken taken = co_await store_.Do<Taken>(take);
  const bool all = taken.jobs.size() < order.most;
  for (LeasedJob& job : taken.jobs) Begin(std::move(job));
  if (!all) co_return absl::ZeroDuration();
  const absl::Duration until = taken.next.value_or(absl::InfiniteFuture()) - loop_.Now();
  // What is due now and was not taken is another's at this moment.
  co_return std::clamp(until, std::min(options_.poll, absl::Milliseconds(20)), options_.poll);
}

void JobRunner::Begin(LeasedJob job) {
  auto shared = std::make_shared<const LeasedJob>(std::move(job));
  Run& run = running_[shared->id];
  run.lease = shared->lease;
  // Replaces a run of this process whose lease ran out, as where it was stopped for long.
  const auto over = [this, shared](const auto&) { Over(shared->id, shared->lease); };
  run.root.emplace(loop_, Context(), RunToEnd(shared), over);
  run.root->Start();
}

void JobRunner::Over(const std::string& id, const std::string& lease) {
  const auto found = running_.find(id);
  if (found != running_.end() && found->second.lease == lease) running_.erase(found);
  over_.Give();
}

void JobRunner::Drop(const std::string& id) {
  if (running_.erase(id) > 0) over_.Give();
}

Task<void> JobRunner::RunToEnd(std::shared_ptr<const LeasedJob> job) {
  std::shared_ptr<const JobEnd> end;
  if (job->losses > kMostLosses) {
    end = std::make_shared<const JobEnd>(TooManyLosses(*job));
  } else {
    absl::StatusOr<Attempt> attempt = co_await Outcome(call_(job));
    if (!attempt.ok()) attempt = Attempt{.status = attempt.status()};
    end = std::make_shared<const JobEnd>(AfterAttempt(*job, *std::move(attempt), loop_.Now()));
  }
  while (true) {
    const absl::Status written = (co_await Outcome(Write(job, end))).status();
    if (written.ok()) break;
    co_await Sleep(options_.pause);
  }
  if (end->state == JobState::kQueued) look_.Give();
  ended_();
}

// That the lease is gone, so that nothing was written, is an end as well.
Task<void> JobRunner::Write(std::shared_ptr<const LeasedJob> job,
                            std::shared_ptr<const JobEnd> end) {
  const absl::Time now = loop_.Now();
  const auto finish = [job, end, now](JobStore& jobs) {
    return jobs.Finish(job->id, job->lease, *end, now);
  };
  co_await store_.Do<bool>(finish, end->result.size() + end->error.size());
}

Task<void> JobRunner::RenewLeases() {
  while (true) {
    co_await Sleep(options_.renewal);
    // Where the store is away the leases may run out; what runs goes on, and its end is refused if
    // somebody else has begun with it by then.
    if (!running_.empty()) (co_await Outcome(RenewOnce())).status().IgnoreError();
  }
}

Task<void> JobRunner::RenewOnce() {
  std::vector<std::pair<std::string, std::string>> asked;
  for (const auto& [id, run] : running_) asked.emplace_back(id, run.lease);
  const absl::Time until = loop_.Now() + options_.lease;
  const auto renew = [owner = options_.owner, until](JobStore& jobs) {
    return jobs.Renew(owner, until);
  };
  std::vector<std::string> held = co_await store_.Do<std::vector<std::string>>(renew);
  std::sort(held.begin(), held.end());
  for (const auto& [id, lease] : asked) {
    if (std::binary_search(held.begin(), held.end(), id)) continue;
    const auto found = running_.find(id);
    if (found != running_.end() && found->second.lease == lease) Drop(id);
  }
}

Task<void> JobRunner::Drain(absl::Time deadline) {
  taking_.reset();
  while (!running_.empty() && loop_.Now() < deadline) {
    const uint64_t over = over_.count();
    co_await over_.Wait(over, deadline - loop_.Now());
  }
  renewing_.reset();
  running_.clear();
  const auto release = [owner = options_.owner,
                        now = loop_.Now()](JobStore& jobs) -> absl::StatusOr<bool> {
    if (absl::Status released = jobs.Release(owner, now); !released.ok()) return released;
    return true;
  };
  co_await store_.Do<bool>(release);
}

}  // namespace chains::gateway
