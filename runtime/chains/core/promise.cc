#include "chains/core/promise.h"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"
#include "chains/core/passage.h"
#include "chains/core/task.h"

namespace chains::internal {

void Promise::Pin() {
  for (Promise* each = this; each != nullptr; each = each->parent_) ++each->pins_;
}

Promise& Promise::Unpin() {
  Promise* root = this;
  for (Promise* each = this; each != nullptr; each = each->parent_) {
    --each->pins_;
    root = each;
  }
  return *root;
}

void Promise::Orphan() {
  Promise* root = this;
  for (Promise* each = parent_; each != nullptr; each = each->parent_) {
    each->pins_ -= pins_;
    root = each;
  }
  parent_ = nullptr;
  continuation_ = nullptr;
  orphaned_ = true;
  Leaf::AbandonBelow(*this);
  // An orphan may have read this stream, which somebody else owned.
  if (root != this && root->orphaned() && !root->pinned()) root->Destroy();
}

// Both ends of an edge, by a call like the one before, is the usual case: by itself, without what
// the other cases keep registers for, it takes 60 instructions in place of 93. The long way is the
// one that writes receipts.
Promise& Promise::GoThrough() {
  if (passage_count_ != 2 || inside_ != 0 || context_->record() != nullptr) return GoThroughEach();
  Passage& outer = *passages_[1];
  Passage& inner = *passages_[0];
  const absl::Time deadline = context_->deadline();
  const absl::Time now = loop_->EarliestNow();
  if (!outer.MayEnterAsBefore(deadline, now) || !inner.MayEnterAsBefore(deadline, now)) {
    return GoThroughEach();
  }
  outer.EnterAsBefore();
  inner.EnterAsBefore();
  inside_ = 2;
  return *this;
}

Promise& Promise::GoThroughEach() {
  if (context_->record() != nullptr) return TakeDetour(*passages_[passage_count_ - 1]);
  const absl::Time now = loop_->EarliestNow();
  while (inside_ < passage_count_) {
    Passage& next = *passages_[passage_count_ - 1 - inside_];
    if (!next.TryEnter(*context_, now)) return TakeDetour(next);
    ++inside_;
  }
  return *this;
}

// The detour stands outside of this call: what was entered already is the detour's to leave, what
// comes after `passage` stays with this call.
Promise& Promise::TakeDetour(Passage& passage) {
  Promise& detour = make_detour_(*this, passage);
  detour.Start(parent_, *context_, *loop_, *continuation_);
  const int kept = passage_count_ - inside_ - 1;
  std::copy_n(passages_.begin() + kept + 1, inside_, detour.passages_.begin());
  detour.passage_count_ = detour.inside_ = std::exchange(inside_, 0);
  passage_count_ = static_cast<uint8_t>(kept);
  return detour;
}

std::string_view Promise::ServedChainlet() const {
  const auto served_by = [](const Passage& passage) -> std::string_view {
    const CallPlace place = passage.place();
    return place.where == CallPlace::Where::kCallee ? place.chainlet : "";
  };
  for (const Promise* each = this; each != nullptr; each = each->parent_) {
    if (each->stands_for_) {
      const std::string_view found = served_by(*each->passages_[kMaxPassages - 1]);
      if (!found.empty()) return found;
    }
    for (int i = each->passage_count_ - each->inside_; i < each->passage_count_; ++i) {
      const std::string_view found = served_by(*each->passages_[i]);
      if (!found.empty()) return found;
    }
  }
  return "";
}

[[gnu::noinline]] void Promise::LeaveWith(absl::StatusCode code) noexcept {
  while (inside_ > 0) passages_[passage_count_ - inside_--]->Leave(code);
}

// As GoThrough(): both ends at once, where nobody waits for a place, and nothing else: 39
// instructions in place of 47.
void Promise::LeaveWell() noexcept {
  const bool both = inside_ == 2 && passage_count_ == 2;
  if (!both || !passages_[0]->MayLeaveAtOnce() || !passages_[1]->MayLeaveAtOnce()) {
    return LeaveWith(absl::StatusCode::kOk);
  }
  inside_ = 0;
  passages_[0]->LeaveAtOnce();
  passages_[1]->LeaveAtOnce();
}

void Promise::LeaveWith(absl::Status& failure) noexcept {
  while (inside_ > 0) {
    Passage& passage = *passages_[passage_count_ - inside_--];
    passage.Leave(failure.code());
    failure = passage.Describe(failure, 1);
  }
}

absl::Status Promise::FromException() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {  // the process goes on: what is smaller fits yet
    return absl::ResourceExhaustedError(
        "out of memory; declare more, Resources{.memory}, or a smaller limit of calls");
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("exception: ", e.what()));
  } catch (...) {
    return absl::InternalError("exception of an unknown type");
  }
}

absl::Status Annotated(const absl::Status& status, std::string_view what) {
  absl::Status annotated(status.code(),
                         absl::StrCat(std::string(what), ": ", std::string(status.message())));
  status.ForEachPayload([&annotated](absl::string_view type, const absl::Cord& payload) {
    annotated.SetPayload(type, payload);
  });
  return annotated;
}

}  // namespace chains::internal
