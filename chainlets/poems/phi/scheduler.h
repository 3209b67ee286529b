// Scheduler: who runs in the next step of an engine, and in which pages. Pure: no thread, no clock.
//
//   scheduler.Add(id, prompt.tokens.size(), prompt.max_tokens);
//   for (const Scheduler::Part& part : scheduler.BeginStep()) …    // run them together
//   scheduler.EndStep();
//   scheduler.Remove(id);                                          // it has ended, or was dropped
//
// A sequence waits until there is a place and the pages that it may come to need are free, in order
// of arrival: nobody overtakes, so a long prompt is not starved by short ones. Once in it is never
// put out again. In a step come first those that wait for their next token only, those that waited
// longest first, one token each; what is left of the step's tokens is for prompts, in order of
// arrival, in parts. While there are prompts one row and one token of each step are theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "phi/kv_pages.h"

namespace poems::phi {

// For one thread at a time.
class Scheduler {
 public:
  // Grows with each sequence.
  using Id = uint64_t;

  struct Limits {
    size_t max_sequences = 1;  // in at a time
    size_t max_waiting = 0;    // more are refused
    int32_t page_size = 1;     // these as BackendInfo has them
    int32_t page_count = 1;
    int32_t max_step_tokens = 1;
    int32_t max_step_sequences = 1;
  };
  explicit Scheduler(const Limits& limits);

  // A sequence of `prompt_tokens` that draws `max_tokens` at most, each at least 1.
  // RESOURCE_EXHAUSTED where its pages are more than there are, or too many wait.
  absl::Status Add(Id id, int64_t prompt_tokens, int64_t max_tokens);
  // Takes its place and pages back, at EndStep() where it is in the step that runs. Nothing for one
  // that is not there.
  void Remove(Id id);
  // While `held` it is in no step, but keeps its place. Nothing for one that is not there.
  void Hold(Id id, bool held);

  // What a step does for a sequence.
  struct Part {
    Id id = 0;
    int64_t position = 0;                 // of its first token
    int64_t count = 0;                    // tokens
    bool draws = false;                   // it ends with the last token that is known
    std::span<const int32_t> pages = {};  // valid until EndStep()
  };
  // Empty: nobody can run. Else EndStep() follows before the next.
  std::vector<Part> BeginStep();
  // Each part that drew has one token more.
  void EndStep();

  size_t running() const { return running_.size(); }
  size_t waiting() const { return waiting_.size(); }
  size_t free_pages() const { return pages_.free(); }

 private:
  struct Waiting {
    Id id = 0;
    int64_t prompt_tokens = 0;
    size_t pages = 0;
  };
  struct Running {
    std::vector<int32_t> pages;
    int64_t known = 0;     // tokens: of the prompt, and drawn
    int64_t computed = 0;  // of them, whose keys and values are in the pages
    uint64_t last_turn = 0;
    int64_t in_step = 0;  // tokens in the step that runs
    bool held = false;
    bool leaving = false;
  };
  using Entry = std::map<Id, Running>::iterator;

  int64_t PagesFor(int64_t prompt_tokens, int64_t max_tokens) const;
  void LetIn();
  void Leave(Entry entry);

  const Limits limits_;
  KvPages pages_;
  std::deque<Waiting> waiting_;
  std::map<Id, Running> running_;  // in order of arrival
  uint64_t turns_ = 0;             // of sequences in steps, ever
};

}  // namespace poems::phi
