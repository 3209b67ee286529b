// Store: kill -9 of the process that writes, at random moments. CHAINS_STORE_KILLS says how many.
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "deploy/state/sqlite_store.h"
#include "tests/deploy/state/numbered_changes.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using std::chrono::microseconds;

constexpr int kKills = 40;

int Kills() {
  const char* const asked = getenv("CHAINS_STORE_KILLS");
  return asked == nullptr ? kKills : std::max(1, atoi(asked));
}

// After `delay` the kernel kills this process, wherever it is.
void DieIn(microseconds delay) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  itimerspec when{};
  when.it_value.tv_sec = delay.count() / 1'000'000;
  when.it_value.tv_nsec = delay.count() % 1'000'000 * 1000 + 1;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
      timer_settime(timer, 0, &when, nullptr) != 0) {
    _exit(3);
  }
}

// Applies changes from `first` on, `count` of them, and writes each number that is done.
[[noreturn]] void Write(const std::filesystem::path& file, int first, int count, int acknowledge) {
  const auto store = SqliteStore::Open(file);
  if (!store.ok()) _exit(1);
  for (int number = first; number < first + count; ++number) {
    if (!(*store)->Apply(NumberedChange(number)).ok()) _exit(2);
    if (write(acknowledge, &number, sizeof(number)) != sizeof(number)) _exit(4);
  }
  _exit(0);
}

struct Ended {
  int status = 0;
  int acknowledged = 0;  // the last number; 0 for none
};

// Runs a child that writes; with a delay it is killed after it.
Ended RunChild(const std::filesystem::path& file, int first, int count, microseconds delay) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (delay.count() > 0) DieIn(delay);
    Write(file, first, count, ends[1]);
  }
  close(ends[1]);
  Ended ended;
  while (read(ends[0], &ended.acknowledged, sizeof(int)) == sizeof(int)) {
  }
  close(ends[0]);
  EXPECT_EQ(waitpid(child, &ended.status, 0), child);
  return ended;
}

TEST(StoreKillTest, WhatWasAcknowledgedSurvivesKillsAtRandomMomentsAndNothingIsHalf) {
  TempFolder folder;
  const std::filesystem::path file = folder / "platform.db";
  constexpr int kUnharmed = 20;
  const auto begin = std::chrono::steady_clock::now();
  const Ended unharmed = RunChild(file, 1, kUnharmed, microseconds(0));
  ASSERT_EQ(unharmed.status, 0);
  const auto span =
      std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begin);

  std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int64_t> delays(1, std::max<int64_t>(span.count(), 2));
  int last = unharmed.acknowledged;
  int writing = 0;  // children that were killed while they wrote
  for (int kill = 0; kill < Kills(); ++kill) {
    const microseconds delay(delays(random));
    const Ended ended = RunChild(file, last + 1, 1'000'000, delay);
    ASSERT_TRUE(WIFSIGNALED(ended.status) && WTERMSIG(ended.status) == SIGKILL) << ended.status;
    const int acknowledged = std::max(last, ended.acknowledged);
    writing += ended.acknowledged > 0 ? 1 : 0;
    const auto store = SqliteStore::Open(file);
    ASSERT_THAT(store, IsOk()) << "killed after " << delay.count() << " us";
    const auto contents = (*store)->Load();
    ASSERT_THAT(contents, IsOk());
    last = LastChangeIn(*contents);
    ASSERT_GE(last, acknowledged) << "killed after " << delay.count() << " us";
    ASSERT_LE(last, acknowledged + 1) << "killed after " << delay.count() << " us";
  }
  EXPECT_GT(writing, 0) << "no child came to write before it was killed";
}

}  // namespace
}  // namespace chains::deploy
