#include "phi/scheduler.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace poems::phi {

Scheduler::Scheduler(const Limits& limits) : limits_(limits), pages_(limits.page_count) {}

// The token that is drawn last is never computed.
int64_t Scheduler::PagesFor(int64_t prompt_tokens, int64_t max_tokens) const {
  if (prompt_tokens > std::numeric_limits<int64_t>::max() - max_tokens) {
    return std::numeric_limits<int64_t>::max();
  }
  return (prompt_tokens + max_tokens - 2) / limits_.page_size + 1;
}

absl::Status Scheduler::Add(Id id, int64_t prompt_tokens, int64_t max_tokens) {
  const int64_t pages = PagesFor(prompt_tokens, max_tokens);
  if (pages > limits_.page_count) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "a prompt of ", prompt_tokens, " tokens and an answer of up to ", max_tokens, " need ",
        pages, " pages for keys and values, and there are ", limits_.page_count,
        "; ask for a shorter answer, or give the model more memory for them"));
  }
  waiting_.push_back({id, prompt_tokens, static_cast<size_t>(pages)});
  LetIn();
  if (waiting_.size() <= limits_.max_waiting) return absl::OkStatus();
  waiting_.pop_back();
  return absl::ResourceExhaustedError(absl::StrCat("the model is busy: ", running_.size(),
                                                   " texts are being written and ", waiting_.size(),
                                                   " wait; try again later"));
}

void Scheduler::LetIn() {
  while (!waiting_.empty() && running_.size() < limits_.max_sequences &&
         waiting_.front().pages <= pages_.free()) {
    const Waiting& next = waiting_.front();
    running_[next.id] = {.pages = pages_.Take(next.pages), .known = next.prompt_tokens};
    waiting_.pop_front();
  }
}

void Scheduler::Leave(Entry entry) {
  pages_.GiveBack(entry->second.pages);
  running_.erase(entry);
}

void Scheduler::Remove(Id id) {
  const Entry entry = running_.find(id);
  if (entry == running_.end()) {
    std::erase_if(waiting_, [id](const Waiting& each) { return each.id == id; });
  } else if (entry->second.in_step > 0) {
    entry->second.leaving = true;
    return;
  } else {
    Leave(entry);
  }
  LetIn();
}

void Scheduler::Hold(Id id, bool held) {
  const Entry entry = running_.find(id);
  if (entry != running_.end()) entry->second.held = held;
}

std::vector<Scheduler::Part> Scheduler::BeginStep() {
  std::vector<std::tuple<uint64_t, Id, Running*>> next;  // who wants one token, longest wait first
  std::vector<std::pair<Id, Running*>> prompts;
  for (auto& [id, sequence] : running_) {
    if (sequence.held) continue;
    if (sequence.known - sequence.computed == 1) {
      next.emplace_back(sequence.last_turn, id, &sequence);
    } else {
      prompts.emplace_back(id, &sequence);
    }
  }
  std::sort(next.begin(), next.end());

  std::vector<Part> parts;
  int64_t tokens = limits_.max_step_tokens;
  int64_t rows = limits_.max_step_sequences;
  const auto add = [&](Id id, Running& sequence, int64_t count) {
    sequence.in_step = count;
    sequence.last_turn = ++turns_;
    parts.push_back({.id = id,
                     .position = sequence.computed,
                     .count = count,
                     .draws = sequence.computed + count == sequence.known,
                     .pages = sequence.pages});
    tokens -= count;
    --rows;
  };
  const int64_t kept = prompts.empty() ? 0 : 1;
  for (const auto& [last_turn, id, sequence] : next) {
    if (tokens <= kept || rows <= kept) break;
    add(id, *sequence, 1);
  }
  for (const auto& [id, sequence] : prompts) {
    if (tokens <= 0 || rows <= 0) break;
    add(id, *sequence, std::min(tokens, sequence->known - sequence->computed));
  }
  return parts;
}

void Scheduler::EndStep() {
  for (Entry entry = running_.begin(); entry != running_.end();) {
    Running& sequence = entry->second;
    sequence.computed += sequence.in_step;
    if (sequence.in_step > 0 && sequence.computed == sequence.known) ++sequence.known;
    sequence.in_step = 0;
    const Entry ended = entry++;
    if (sequence.leaving) Leave(ended);
  }
  LetIn();
}

}  // namespace poems::phi
