// KeyedWork: runs what has to be done to objects, each by its key: one at a time for each, so many
// at a time for all, and again later where it failed.
//
//   KeyedWork work(loop, /*most=*/16, changed);
//   work.Start("place/hello-1", [this] { return ScalePlace("hello-1"); });   // or it waits
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"

namespace chains::deploy {

// On one loop. Destroying it drops what runs.
class KeyedWork {
 public:
  // `loop` and `changed` outlive it; `changed` is given when something has ended, and when what had
  // failed may be tried again.
  KeyedWork(Loop& loop, size_t most, Notice& changed)
      : loop_(loop), most_(most), changed_(changed), retry_(*this) {}
  KeyedWork(const KeyedWork&) = delete;

  // Does nothing where work of this key runs, waits after a failure, or too much else runs: who
  // still has something to do asks again with the next change.
  void Start(const std::string& key, absl::AnyInvocable<Task<void>()> make);
  bool Runs(const std::string& key) const;
  // Why it failed last, and has not succeeded since; null: it has not.
  const absl::Status* ProblemOf(const std::string& key) const;

 private:
  struct Entry {
    std::unique_ptr<chains::internal::Root<void>> running;
    absl::Status problem;
    int failures = 0;
    absl::Time next = absl::InfinitePast();
  };
  class Retry final : public Loop::Timer {
   public:
    explicit Retry(KeyedWork& work) : work_(work) {}
    void Fire() override {
      work_.changed_.Give();
      work_.ArmRetry();
    }

   private:
    KeyedWork& work_;
  };
  void Ended(const std::string& key, absl::Status status);
  void ArmRetry();

  Loop& loop_;
  const size_t most_;
  Notice& changed_;
  Retry retry_;
  size_t running_ = 0;
  std::map<std::string, Entry> entries_;
};

}  // namespace chains::deploy
