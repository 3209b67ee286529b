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

void Leaf::AbandonBelow(Promise& root) {
  root.loop()->leaves().ForEach([&root](Leaf& leaf) {
    if (!IsBelow(root, leaf.waiter())) return;
    leaf.Unlink();
    leaf.Abandon();
  });
}

}  // namespace chains::internal
