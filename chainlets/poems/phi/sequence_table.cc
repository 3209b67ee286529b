#include "phi/sequence_table.h"

#include <utility>

namespace poems::phi {
namespace {

absl::Status Ended() { return absl::CancelledError("the engine of the language model has ended"); }

}  // namespace

absl::StatusOr<Scheduler::Id> SequenceTable::Enter(std::shared_ptr<Sequence> sequence,
                                                   std::shared_ptr<Mailbox> mailbox) {
  std::lock_guard lock(mutex_);
  if (closed_) return Ended();
  const Scheduler::Id id = ++last_id_;
  absl::Status added = scheduler_.Add(id, sequence->prompt_tokens(), sequence->max_tokens());
  if (!added.ok()) return added;
  entries_[id] = {.sequence = std::move(sequence), .mailbox = std::move(mailbox)};
  has_changed_ = true;
  changed_.notify_one();
  return id;
}

void SequenceTable::Leave(Scheduler::Id id) {
  std::lock_guard lock(mutex_);
  if (entries_.erase(id) == 0) return;
  scheduler_.Remove(id);
  has_changed_ = true;
  changed_.notify_one();
}

void SequenceTable::MakeRoom() {
  std::lock_guard lock(mutex_);
  has_changed_ = true;
  changed_.notify_one();
}

EngineState SequenceTable::state() const {
  std::lock_guard lock(mutex_);
  return {.running = scheduler_.running(),
          .waiting = scheduler_.waiting(),
          .free_pages = scheduler_.free_pages(),
          .steps = steps_,
          .tokens = drawn_};
}

std::vector<SequenceTable::Row> SequenceTable::Begin() {
  for (const auto& [id, entry] : entries_) scheduler_.Hold(id, entry.mailbox->full());
  std::vector<Row> rows;
  for (const Scheduler::Part& part : scheduler_.BeginStep()) {
    const Entry& entry = entries_.at(part.id);
    rows.push_back({.part = part, .sequence = entry.sequence, .mailbox = entry.mailbox});
  }
  return rows;
}

// Whoever makes a step possible after it was looked for sets has_changed_.
std::vector<SequenceTable::Row> SequenceTable::BeginStep(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    has_changed_ = false;
    std::vector<Row> rows = Begin();
    if (!rows.empty()) return rows;
    changed_.wait(lock, stop, [this] { return has_changed_; });
  }
  return {};
}

absl::Status SequenceTable::health() const {
  std::lock_guard lock(mutex_);
  return last_step_;
}

void SequenceTable::EndStep(std::span<const Scheduler::Id> ended, uint64_t drawn,
                            const absl::Status& status) {
  std::lock_guard lock(mutex_);
  last_step_ = status;
  for (const Scheduler::Id id : ended) {
    scheduler_.Remove(id);
    entries_.erase(id);
  }
  scheduler_.EndStep();
  ++steps_;
  drawn_ += drawn;
}

void SequenceTable::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& [id, entry] : entries_) {
    entry.mailbox->Fail(Ended());
    scheduler_.Remove(id);
  }
  entries_.clear();
}

}  // namespace poems::phi
