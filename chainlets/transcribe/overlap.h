// Joins the segments of macro chunks that overlap, so that words which both heard are said once.
//
//   OverlapJoiner joiner;
//   joiner.Begin({.begin = 290, .cut = 300, .end = 590, .overlap = 10});
//   for (Segment& segment : joiner.Add(segment)) …    // those that are settled
//   for (Segment& segment : joiner.End()) …           // the rest, after the last chunk
#pragma once

#include <limits>
#include <vector>

#include "transcribe.pb.h"

namespace transcribe {

// In seconds of the recording. It repeats what lies between `begin` and `cut`.
struct Stretch {
  double begin = 0;
  double cut = 0;
  double end = std::numeric_limits<double>::infinity();
  double overlap = 0;  // of the one that follows
};

class OverlapJoiner {
 public:
  // What is added from now on belongs to this macro chunk, which follows the one before.
  void Begin(const Stretch& stretch);
  // In order of time. Answers what no later segment can change, in order of time, without a gap.
  std::vector<Segment> Add(Segment segment);
  // The rest.
  std::vector<Segment> End();

 private:
  std::vector<Segment> Release(std::vector<Segment> segments);
  std::vector<Segment> Settle();

  Stretch stretch_;
  std::vector<Segment> tail_;  // of the chunks before: what this one repeats
  std::vector<Segment> head_;  // of this one: what it repeats
};

// The segments of `tail` and of `head`, which begin before `cut`, where `tail` ends. They are
// joined at the longest run of words that is in both; where there is none, `head` says what lies
// behind `cut`.
std::vector<Segment> JoinAt(double cut, std::vector<Segment> tail, std::vector<Segment> head);

}  // namespace transcribe
