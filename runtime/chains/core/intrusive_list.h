// IntrusiveList: a queue of objects that carry their own links, so that listing one costs no
// allocation and a listed object can leave from the middle (it does when it is destroyed).
// Not thread-safe.
#pragma once

#include <cstddef>

namespace chains::internal {

// What an object of a list derives from. An object is in at most one list per node.
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { Unlink(); }

  bool linked() const { return next_ != nullptr; }
  void Unlink() {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename T>
  friend class IntrusiveList;
  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

// T derives from ListNode and outlives its membership. The list owns nothing.
template <typename T>
class IntrusiveList {
 public:
  IntrusiveList() { end_.next_ = end_.previous_ = &end_; }
  // What is still listed is let go.
  ~IntrusiveList() {
    while (!empty()) end_.next_->Unlink();
    end_.next_ = end_.previous_ = nullptr;
  }

  bool empty() const { return end_.next_ == &end_; }
  size_t size() const {
    size_t count = 0;
    for (const ListNode* node = end_.next_; node != &end_; node = node->next_) ++count;
    return count;
  }
  void PushBack(ListNode& node) {
    node.next_ = &end_;
    node.previous_ = end_.previous_;
    end_.previous_->next_ = &node;
    end_.previous_ = &node;
  }
  // The first, unlinked; null when empty.
  T* PopFront() {
    if (empty()) return nullptr;
    ListNode* node = end_.next_;
    node->Unlink();
    return static_cast<T*>(node);
  }
  // `visit` may unlink the object that it is given.
  template <typename F>
  void ForEach(F visit) {
    for (ListNode* node = end_.next_; node != &end_;) {
      ListNode* next = node->next_;
      visit(*static_cast<T*>(node));
      node = next;
    }
  }

 private:
  ListNode end_;
};

}  // namespace chains::internal
