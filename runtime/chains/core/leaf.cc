#include "chains/core/leaf.h"

#include "chains/core/loop.h"

namespace chains::internal {
namespace {

bool IsBelow(const Promise& root, const Promise& promise) {
  for (const Promise* each = &promise; each != nullptr; each = each->parent()) {
    if (each == &root) return true;
  }
  return false;
}

}  // namespace

void Leaf::Suspended() { loop().leaves().PushBack(*this); }

// In two steps: what abandoning one leaf ends (a call's other coroutine, say) may be the next leaf.
void Leaf::AbandonBelow(Promise& root) {
  IntrusiveList<Leaf> abandoned;
  root.loop()->leaves().ForEach([&](Leaf& leaf) {
    if (!IsBelow(root, leaf.waiter())) return;
    leaf.Unlink();
    abandoned.PushBack(leaf);
  });
  while (Leaf* leaf = abandoned.PopFront()) leaf->Abandon();
}

}  // namespace chains::internal
