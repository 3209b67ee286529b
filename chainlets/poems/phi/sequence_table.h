// SequenceTable: all texts that an engine has to write, shared by its thread and who reads them.
//
//   absl::StatusOr<Scheduler::Id> id = table.Enter(sequence, mailbox);    // a reader
//   …
//   table.Leave(*id);
//
//   while (!(rows = table.BeginStep(stop)).empty()) { …; table.EndStep(ended, …); }    // the
//   engine table.Close();
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <vector>

#include "absl/status/statusor.h"
#include "phi/engine.h"
#include "phi/mailbox.h"
#include "phi/scheduler.h"
#include "phi/sequence.h"

namespace poems::phi {

// Thread-safe.
class SequenceTable {
 public:
  explicit SequenceTable(const Scheduler::Limits& limits) : scheduler_(limits) {}

  // As Scheduler::Add; CANCELLED once it is closed.
  absl::StatusOr<Scheduler::Id> Enter(std::shared_ptr<Sequence> sequence,
                                      std::shared_ptr<Mailbox> mailbox);
  // Its reader has gone. Its place and pages are free before the next step.
  void Leave(Scheduler::Id id);
  // A mailbox that was full has room again.
  void MakeRoom();

  EngineState state() const;
  // How the last step ended.
  absl::Status health() const;

  // The rest is for the engine's thread.

  struct Row {
    Scheduler::Part part;
    std::shared_ptr<Sequence> sequence;
    std::shared_ptr<Mailbox> mailbox;
  };
  // Waits until somebody can run; empty once `stop` is requested. Sequences whose mailbox is full
  // are held back.
  std::vector<Row> BeginStep(const std::stop_token& stop);
  // These have ended; their places are free when it returns.
  void EndStep(std::span<const Scheduler::Id> ended, uint64_t drawn, const absl::Status& status);
  // Fails whoever is there, and comes, with CANCELLED.
  void Close();

 private:
  struct Entry {
    std::shared_ptr<Sequence> sequence;
    std::shared_ptr<Mailbox> mailbox;
  };
  std::vector<Row> Begin();

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool has_changed_ = false;  // guarded by mutex_, as is what follows
  bool closed_ = false;
  Scheduler scheduler_;
  std::map<Scheduler::Id, Entry> entries_;
  Scheduler::Id last_id_ = 0;
  uint64_t steps_ = 0;
  uint64_t drawn_ = 0;
  absl::Status last_step_;
};

}  // namespace poems::phi
