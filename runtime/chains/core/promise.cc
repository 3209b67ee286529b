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

// The long way is the one that writes receipts.
Promise& Promise::GoThrough() {
  if (context_->record() != nullptr) return TakeDetour(*passages_[passage_count_ - 1]);
  const absl::Time now = loop_->EarliestNow();
  // Both ends of an edge, the usual case: without the loop's counting.
  if (passage_count_ == 2 && inside_ == 0) {
    if (!passages_[1]->TryEnter(*context_, now)) return TakeDetour(*passages_[1]);
    inside_ = 1;
    if (!passages_[0]->TryEnter(*context_, now)) return TakeDetour(*passages_[0]);
    inside_ = 2;
    return *this;
  }
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

[[gnu::always_inline]] inline void Promise::LeaveEach(absl::StatusCode code) noexcept {
  if (inside_ == 2 && passage_count_ == 2) {
    inside_ = 0;
    passages_[0]->Leave(code);
    passages_[1]->Leave(code);
    return;
  }
  while (inside_ > 0) passages_[passage_count_ - inside_--]->Leave(code);
}
void Promise::LeaveWith(absl::StatusCode code) noexcept { LeaveEach(code); }
void Promise::LeaveWell() noexcept { LeaveEach(absl::StatusCode::kOk); }

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
