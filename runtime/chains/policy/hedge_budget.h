// HedgeBudget: how many second attempts an edge may make beside first ones: a share of its calls.
//
//   HedgeBudget budget(0.05);
//   budget.Answered();                     // every call that was answered well
//   budget.Inherited();                    // every call that is somebody's further attempt already
//   if (budget.TryTake(HedgeBudget::Need::kLate)) …make a second attempt…
//
// The share holds for any few hundred calls and not only in the long run: the bucket begins empty,
// keeps kBurst at most, and earns a tenth less than the share, which pays for that burst (of 5 %:
// within 600 calls).
// It holds down a chain, too. What an edge inherits is more load on its callee as well, so it pays
// for that before it makes any of its own, and a leaf below three edges that hedge has no more
// extra calls than below one.
#pragma once

#include <algorithm>

namespace chains {

// For one loop's coroutines.
class HedgeBudget {
 public:
  static constexpr double kBurst = 3;

  explicit HedgeBudget(double share) : earned_(std::max(0.0, share) * (1 - kKept)) {}

  void Answered() { left_ = std::min(kBurst, left_ + earned_); }
  // An attempt too many that somebody above decided about. Who inherits more than the share is in
  // debt, up to kMostDebt, so that it may hedge again soon after.
  void Inherited() { left_ = std::max(-kMostDebt, left_ - 1); }

  enum class Need {
    kLate,   // it takes longer than nearly all, as some always do
    kStuck,  // … and still does after as long again: the last token is for these
  };
  // Whether there may be a second attempt, which this pays for.
  bool TryTake(Need need) {
    const double least = (need == Need::kStuck ? 1 : 2) - kRounding;
    if (left_ < least) return false;
    left_ -= 1;
    return true;
  }
  // One that was paid for and not made after all.
  void GiveBack() { left_ = std::min(kBurst, left_ + 1); }

 private:
  static constexpr double kKept = 0.1;
  static constexpr double kMostDebt = 20;
  static constexpr double kRounding = 1e-9;

  const double earned_;  // by a call
  double left_ = 0;
};

}  // namespace chains
