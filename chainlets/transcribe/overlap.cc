#include "overlap.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace transcribe {
namespace {

// Of some chunks of at most a minute each; bounds the search for a run.
constexpr size_t kMostWords = 500;

struct Word {
  std::string text;
  size_t segment = 0;
};

std::vector<Word> WordsOf(const std::vector<Segment>& segments) {
  std::vector<Word> words;
  for (size_t i = 0; i < segments.size(); ++i) {
    for (absl::string_view word : absl::StrSplit(segments[i].text(), ' ', absl::SkipEmpty())) {
      words.push_back({.text = std::string(word), .segment = i});
    }
  }
  return words;
}

// The same words, in both lists.
struct Run {
  size_t tail_end = 0;
  size_t head_end = 0;
  size_t length = 0;
};

// The longest; of equally long ones the last of the tail, and the first of the head.
Run LongestRun(const std::vector<Word>& tail, const std::vector<Word>& head) {
  Run best;
  std::vector<size_t> before(head.size() + 1, 0);
  for (size_t i = 0; i < tail.size(); ++i) {
    std::vector<size_t> now(head.size() + 1, 0);
    for (size_t j = 0; j < head.size(); ++j) {
      if (absl::AsciiStrToLower(tail[i].text) != absl::AsciiStrToLower(head[j].text)) continue;
      now[j + 1] = before[j] + 1;
      const bool same_place = best.tail_end == i + 1;
      if (now[j + 1] > best.length || (now[j + 1] == best.length && !same_place)) {
        best = {.tail_end = i + 1, .head_end = j + 1, .length = now[j + 1]};
      }
    }
    before = std::move(now);
  }
  return best;
}

void SetTexts(std::vector<Segment>& segments, const std::vector<Word>& words) {
  std::vector<std::vector<std::string>> texts(segments.size());
  for (const Word& word : words) texts[word.segment].push_back(word.text);
  for (size_t i = 0; i < segments.size(); ++i) {
    segments[i].set_text(absl::StrJoin(texts[i], " "));
  }
}

}  // namespace

std::vector<Segment> JoinAt(double cut, std::vector<Segment> tail, std::vector<Segment> head) {
  if (tail.empty()) return head;
  std::vector<Word> said = WordsOf(tail);
  std::vector<Word> again = WordsOf(head);
  Run run;
  if (said.size() <= kMostWords && again.size() <= kMostWords) run = LongestRun(said, again);
  if (run.length > 0) {
    said.resize(run.tail_end);
    again.erase(again.begin(), again.begin() + static_cast<ptrdiff_t>(run.head_end));
  }
  // Segments that end before the cut are the tail's: with a run it says the words behind it, too.
  std::vector<Word> kept;
  for (Word& word : again) {
    const bool is_before = head[word.segment].end_time_sec() <= cut;
    if (is_before && run.length == 0) continue;
    if (is_before) {
      said.push_back({.text = std::move(word.text), .segment = tail.size() - 1});
    } else {
      kept.push_back(std::move(word));
    }
  }
  SetTexts(tail, said);
  SetTexts(head, kept);
  for (Segment& segment : head) {
    if (segment.end_time_sec() <= cut) continue;
    segment.set_start_time_sec(std::max(segment.start_time_sec(), cut));
    tail.push_back(std::move(segment));
  }
  return tail;
}

void OverlapJoiner::Begin(const Stretch& stretch) {
  tail_ = Settle();
  stretch_ = stretch;
}

std::vector<Segment> OverlapJoiner::Add(Segment segment) {
  if (segment.start_time_sec() < stretch_.cut) {
    head_.push_back(std::move(segment));
    return {};
  }
  std::vector<Segment> settled = Settle();
  settled.push_back(std::move(segment));
  return Release(std::move(settled));
}

std::vector<Segment> OverlapJoiner::End() { return Settle(); }

std::vector<Segment> OverlapJoiner::Settle() {
  return JoinAt(stretch_.cut, std::exchange(tail_, {}), std::exchange(head_, {}));
}

// What the next chunk repeats is held back.
std::vector<Segment> OverlapJoiner::Release(std::vector<Segment> segments) {
  std::vector<Segment> released;
  for (Segment& segment : segments) {
    const bool is_repeated = segment.end_time_sec() > stretch_.end - stretch_.overlap;
    if (is_repeated || !tail_.empty()) {
      tail_.push_back(std::move(segment));
    } else {
      released.push_back(std::move(segment));
    }
  }
  return released;
}

}  // namespace transcribe
