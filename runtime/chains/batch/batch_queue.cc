#include "chains/batch/batch_queue.h"

#include <algorithm>
#include <map>

#include "chains/batch/batch.h"
#include "chains/batch/batch_wait.h"
#include "chains/core/text.h"

namespace chains::internal {

// ---- Calls

BatchCounts BatchQueue::counts() const {
  std::lock_guard lock(mutex_);
  BatchCounts counts = counts_;
  counts.queued = queue_.size();
  counts.running = running_;
  counts.estimate = estimate_.Value();
  return counts;
}

absl::Status BatchQueue::Enter(std::shared_ptr<BatchMember> member, absl::Time now) {
  std::lock_guard lock(mutex_);
  absl::Status refusal = Refusal(member->call_, now);
  if (!refusal.ok()) return refusal;
  BatchMember& entered = *member;
  entered.place_ = BatchMember::Place::kQueue;
  entered.looks_at_ = NextLook(entered, now);
  waiting_.push_back(entered.call_);
  queue_.push_back(std::move(member));
  CloseWhatIsDue(now);
  return absl::OkStatus();
}

absl::Status BatchQueue::Refusal(const WaitingCall& call, absl::Time now) {
  if (call.priority < 0 || call.priority >= options_.priorities) {
    return absl::InvalidArgumentError(Text("batcher '", options_.name, "': priority ",
                                           call.priority, " is not one of its ",
                                           options_.priorities, ", which begin with 0"));
  }
  if (call.cost > options_.max_cost) {
    return absl::InvalidArgumentError(Text("batcher '", options_.name, "': a call that costs ",
                                           call.cost, " fits into no batch; max_cost is ",
                                           options_.max_cost));
  }
  if (call.deadline <= now) {
    ++counts_.refused_late;
    return absl::DeadlineExceededError(
        Text("batcher '", options_.name, "': the deadline had passed before the call came"));
  }
  if (queue_.size() < options_.max_queued) return absl::OkStatus();
  ++counts_.refused_full;
  return absl::ResourceExhaustedError(Text("batcher '", options_.name, "': ", queue_.size(),
                                           " calls wait already and ", running_,
                                           " batches run; max_queued is ", options_.max_queued));
}

absl::Status BatchQueue::CheckReplies(size_t replies, size_t members) const {
  if (replies == members) return absl::OkStatus();
  return absl::InternalError(Text("batcher '", options_.name, "': the function gave ", replies,
                                  " replies to ", members, " requests"));
}

void BatchQueue::Leave(BatchMember& member) {
  std::lock_guard lock(mutex_);
  if (member.place_ == BatchMember::Place::kQueue) {
    ++counts_.dropped;
    auto found = std::find_if(queue_.begin(), queue_.end(),
                              [&member](const auto& each) { return each.get() == &member; });
    waiting_.erase(waiting_.begin() + (found - queue_.begin()));
    queue_.erase(found);
  } else if (member.place_ == BatchMember::Place::kBatch && --member.batch_->waiting_ == 0) {
    member.batch_->host_.Post([batch = member.batch_->shared_from_this()] { batch->Drop(); });
  }
  member.place_ = BatchMember::Place::kNone;
}

// Its time has come, or its deadline while no batch may run.
void BatchQueue::LookAgain(BatchMember& member, absl::Time now) {
  std::lock_guard lock(mutex_);
  if (member.place_ != BatchMember::Place::kQueue) return;
  if (MayRun()) {
    CloseWhatIsDue(now);
  } else if (member.call_.deadline <= now) {
    const size_t place =
        std::find_if(queue_.begin(), queue_.end(),
                     [&member](const auto& each) { return each.get() == &member; }) -
        queue_.begin();
    RefuseLate(Take({place}), now);
    Compact();
  }
  if (member.place_ != BatchMember::Place::kQueue) return;
  member.looks_at_ = NextLook(member, now);
  member.wait_->LookAt(member.looks_at_);
}

absl::Time BatchQueue::LooksAt(const BatchMember& member) const {
  std::lock_guard lock(mutex_);
  return member.looks_at_;
}

absl::Time BatchQueue::NextLook(const BatchMember& member, absl::Time now) const {
  const absl::Time close_by = CloseBy(options_, member.call_, estimate_.Value());
  return close_by > now ? close_by : member.call_.deadline;
}

// ---- Batches

void BatchQueue::CloseWhatIsDue(absl::Time now) {
  while (MayRun() && !queue_.empty()) {
    const BatchPlan plan =
        PlanBatch(options_, waiting_, now, estimate_.Value(), /*idle=*/running_ == 0);
    const bool closes = !plan.members.empty();
    if (!closes && plan.look_again < absl::InfiniteFuture()) {
      LookEarlier(queue_[plan.look_again_for], plan.look_again);
    }
    RefuseLate(Take(plan.expired), now);
    if (closes) Close(Take(plan.members));
    Compact();
    if (!closes) return;
  }
}

// Leaves holes.
BatchMembers BatchQueue::Take(const std::vector<size_t>& places) {
  BatchMembers taken;
  taken.reserve(places.size());
  for (size_t place : places) taken.push_back(std::move(queue_[place]));
  return taken;
}

void BatchQueue::Compact() {
  size_t kept = 0;
  for (size_t i = 0; i < queue_.size(); ++i) {
    if (queue_[i] == nullptr) continue;
    if (kept != i) {
      queue_[kept] = std::move(queue_[i]);
      waiting_[kept] = waiting_[i];
    }
    ++kept;
  }
  queue_.resize(kept);
  waiting_.resize(kept);
}

// The loop of any member lives as long as the member has not left, and from here on until it was
// told that it hosts no more.
void BatchQueue::Close(BatchMembers members) {
  const auto oldest = std::min_element(
      members.begin(), members.end(),
      [](const auto& a, const auto& b) { return a->call_.arrived < b->call_.arrived; });
  Loop& host = *(*oldest)->loop_;
  auto batch = std::make_shared<Batch>(shared_from_this(), host, std::move(members));
  for (const std::shared_ptr<BatchMember>& member : batch->members_) {
    member->place_ = BatchMember::Place::kBatch;
    member->batch_ = batch.get();
  }
  batch->waiting_ = batch->members_.size();
  ++running_;
  host.HostingStarts();
  host.Post([batch = std::move(batch)] { batch->Begin(); });
}

// Those that did not leave meanwhile.
BatchMembers BatchQueue::Begin(Batch& batch, absl::Time now) {
  std::lock_guard lock(mutex_);
  BatchMembers present;
  for (const std::shared_ptr<BatchMember>& member : batch.members_) {
    if (member->place_ == BatchMember::Place::kBatch) present.push_back(member);
  }
  counts_.dropped += batch.members_.size() - present.size();
  for (const std::shared_ptr<BatchMember>& member : present) {
    member->began_ = now;
    member->batch_size_ = present.size();
  }
  counts_.members += present.size();
  if (!present.empty()) ++counts_.batches;
  if (!present.empty() && sizes_ != nullptr) sizes_->Add(present.size());
  return present;
}

void BatchQueue::Answer(BatchMembers& members, const absl::Status& status) {
  std::lock_guard lock(mutex_);
  BatchMembers present;
  for (std::shared_ptr<BatchMember>& member : members) {
    if (member->place_ != BatchMember::Place::kBatch) continue;
    member->place_ = BatchMember::Place::kNone;
    if (!status.ok()) member->failure_ = status;
    if (!member->failure_.ok()) ++counts_.failed;
    present.push_back(std::move(member));
  }
  WakeAll(std::move(present));
}

void BatchQueue::Release(absl::Time now, std::optional<absl::Duration> taken) {
  std::lock_guard lock(mutex_);
  if (taken) estimate_.Add(*taken);
  --running_;
  CloseWhatIsDue(now);
}

// ---- What happens to members of other loops

void BatchQueue::RefuseLate(BatchMembers members, absl::Time now) {
  for (const std::shared_ptr<BatchMember>& member : members) {
    ++counts_.refused_late;
    member->place_ = BatchMember::Place::kNone;
    member->failure_ = absl::DeadlineExceededError(
        Text("batcher '", options_.name, "': the deadline passed while the call waited for ",
             absl::FormatDuration(now - member->call_.arrived)));
  }
  WakeAll(std::move(members));
}

// Its timer is armed for later than the plan wants to look: the estimate has risen.
void BatchQueue::LookEarlier(const std::shared_ptr<BatchMember>& member, absl::Time when) {
  if (member->looks_at_ <= when) return;
  member->looks_at_ = when;
  member->loop_->Post([queue = shared_from_this(), member] {
    if (member->wait_ != nullptr) member->wait_->LookAt(queue->LooksAt(*member));
  });
}

// Each loop is told once. None of them can have ended: nobody told these members yet.
void BatchQueue::WakeAll(BatchMembers members) {
  std::map<Loop*, BatchMembers> by_loop;
  for (std::shared_ptr<BatchMember>& member : members) {
    by_loop[member->loop_].push_back(std::move(member));
  }
  for (auto& [loop, told] : by_loop) {
    loop->Post([all = std::move(told)] {
      for (const std::shared_ptr<BatchMember>& member : all) {
        if (member->wait_ != nullptr) member->wait_->Wake();
      }
    });
  }
}

}  // namespace chains::internal
