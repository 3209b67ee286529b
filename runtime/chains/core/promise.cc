#include "chains/core/promise.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "chains/core/leaf.h"
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
  if (root != this && root->orphaned() && !root->pinned()) root->handle().destroy();
}

absl::Status Promise::FromException() noexcept {
  try {
    throw;
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("exception: ", e.what()));
  } catch (...) {
    return absl::InternalError("exception of an unknown type");
  }
}

void Drop(Promise& promise) {
  if (promise.pinned()) {
    promise.Orphan();
  } else {
    promise.handle().destroy();
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
