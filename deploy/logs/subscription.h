// LogSubscription: new lines of a log, as they come.
//
//   auto subscription = keeper.Subscribe("hello-1", filter, past, [&] { wake up whoever Takes });
//   LogSubscription::News news = (*subscription)->Take();    // never blocks
//   if (news.lost > 0) …                                     // it was too slow
//
// At most 1,000 lines or 1 MiB wait; who is slower loses the oldest, and is told how many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "chains/v1/platform.pb.h"

namespace chains::deploy {

struct LogFilter {
  std::string chainlet = "";  // "SayHello" or "hello.SayHello"; empty: all. So with those below.
  std::string replica = "";
  std::string request_id = "";
  std::string trace_id = "";
  std::string level = "";  // this one and above
  std::string text = "";   // that its message has, or the value of a field; ASCII in any case
  uint32_t tail = 0;       // of what is kept, the last so many that pass; 0: all

  // `tail` aside.
  bool Passes(const v1::LogLine& line) const;
};

namespace internal {

// What waits for a subscriber. Thread-safe.
class Inbox {
 public:
  Inbox(LogFilter filter, std::function<void()> ready)
      : filter_(std::move(filter)), ready_(std::move(ready)) {}

  void Put(const v1::LogLine& line);
  std::pair<std::vector<v1::LogLine>, uint64_t> Take();
  void Close();

 private:
  const LogFilter filter_;
  std::mutex mutex_;
  std::function<void()> ready_;  // guarded by mutex_, like all below
  std::deque<v1::LogLine> lines_;
  size_t bytes_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace internal

// Destroying it ends it; `Ready` is not called any more then. Thread-safe.
class LogSubscription {
 public:
  // Called when there is something to Take() and was not before, on the thread that appends and
  // under a lock: it is brief, and calls nothing of the subscription.
  using Ready = std::function<void()>;
  struct News {
    std::vector<v1::LogLine> lines;  // oldest first
    uint64_t lost = 0;               // that came before these
  };

  // `keeps_alive` lives as long as the subscription.
  LogSubscription(std::shared_ptr<internal::Inbox> inbox, std::shared_ptr<void> keeps_alive)
      : inbox_(std::move(inbox)), keeps_alive_(std::move(keeps_alive)) {}
  LogSubscription(const LogSubscription&) = delete;
  LogSubscription& operator=(const LogSubscription&) = delete;
  ~LogSubscription() { inbox_->Close(); }

  News Take();

 private:
  const std::shared_ptr<internal::Inbox> inbox_;
  const std::shared_ptr<void> keeps_alive_;
};

}  // namespace chains::deploy
