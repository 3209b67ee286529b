#include "chains/main/crash_report.h"

#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

namespace chains::internal {
namespace {

void Crash(int signal) {
  ReportCrashes();
  std::raise(signal);
}

TEST(CrashReportDeathTest, PrintsSignalAndStackAndEndsByTheSignal) {
  EXPECT_EXIT(Crash(SIGSEGV), ::testing::KilledBySignal(SIGSEGV), "SIGSEGV received(.|\n)*main");
  EXPECT_EXIT(Crash(SIGABRT), ::testing::KilledBySignal(SIGABRT), "SIGABRT received");
}

TEST(CrashReportDeathTest, ToBeToldToLeaveIsNoCrash) {
  EXPECT_EXIT(Crash(SIGTERM), ::testing::KilledBySignal(SIGTERM), "^$");
}

}  // namespace
}  // namespace chains::internal
