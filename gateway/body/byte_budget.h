// ByteBudget: how many bytes may be held at once, by all who share it.
//
//   ByteBudget budget(1 << 30);
//   ByteBudget::Hold hold(budget);
//   if (!hold.Grow(65536)) …          // others hold so much that there is no room
//                                     // hold's destructor gives them back
#pragma once

#include <atomic>
#include <cstddef>

namespace chains::gateway {

// Any thread may use it.
class ByteBudget {
 public:
  explicit ByteBudget(size_t most) : most_(most) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  size_t held() const { return held_.load(std::memory_order_relaxed); }

  // What one of them holds. One thread at a time.
  class Hold {
   public:
    explicit Hold(ByteBudget& budget) : budget_(budget) {}
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { budget_.held_.fetch_sub(bytes_, std::memory_order_relaxed); }

    // False where there is no room for so many more; then nothing has changed.
    bool Grow(size_t bytes) {
      const size_t before = budget_.held_.fetch_add(bytes, std::memory_order_relaxed);
      if (bytes > budget_.most_ || before > budget_.most_ - bytes) {
        budget_.held_.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
      }
      bytes_ += bytes;
      return true;
    }

   private:
    ByteBudget& budget_;
    size_t bytes_ = 0;
  };

 private:
  const size_t most_;
  std::atomic<size_t> held_{0};
};

}  // namespace chains::gateway
