// Reactors of one process do not wake one another. A program of its own, because how gRPC waits is
// decided once a process.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ends.h"

namespace chains {
namespace {

constexpr uint64_t kCalls = 1000;
// What else threads may wake up for in the meantime: gRPC's timers, connections that come.
constexpr uint64_t kOther = kCalls / 10;

// How often a thread of this process has gone to sleep; nothing when there is no such thread.
std::optional<uint64_t> SleepsOf(pid_t thread) {
  std::ifstream status(absl::StrCat("/proc/self/task/", thread, "/status"));
  for (std::string word; status >> word;) {
    uint64_t count = 0;
    if (word == "voluntary_ctxt_switches:" && status >> count) return count;
  }
  return std::nullopt;
}

std::set<pid_t> Threads() {
  std::set<pid_t> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    pid_t thread = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &thread)) threads.insert(thread);
  }
  return threads;
}

pid_t ThreadOf(Reactor& reactor) {
  pid_t thread = 0;
  std::latch told(1);
  reactor.Post([&] {
    thread = gettid();
    told.count_down();
  });
  told.wait();
  return thread;
}

// Serves on all reactors that `options` ask for, calls one of them, and watches all other threads.
void ExpectOthersToSleep(GrpcServer::Options options) {
  PrepareProcess();
  WorkerPool workers;
  absl::StatusOr<std::unique_ptr<GrpcServer>> server =
      GrpcServer::Listen(std::move(options), workers);
  ASSERT_TRUE(server.ok()) << server.status();
  std::atomic<pid_t> busy{0};
  for (size_t i = 0; i < (*server)->reactor_count(); ++i) {
    Service service;
    service.AddUnary(kUnary, [&busy](Bytes request) {
      busy = gettid();
      return Done<Bytes>(std::move(request));
    });
    (*server)->Serve(i, std::move(service));
  }
  (*server)->Start();
  Reactor client(workers);
  GrpcChannel channel((*server)->addresses().front(), client);
  client.Start();
  auto call = [&] {
    EXPECT_TRUE(RunOn(client, [&] { return channel.Unary(kUnary, Bytes("x")); }).ok());
  };
  call();  // connects
  std::set<pid_t> others = Threads();
  for (const pid_t at_work : {gettid(), ThreadOf(client), busy.load()}) others.erase(at_work);
  ASSERT_FALSE(others.empty());
  std::map<pid_t, uint64_t> before;
  for (const pid_t thread : others) before[thread] = SleepsOf(thread).value_or(0);
  for (uint64_t i = 0; i < kCalls; ++i) call();
  for (const pid_t thread : others) {
    EXPECT_LT(SleepsOf(thread).value_or(0), before[thread] + kOther) << "thread " << thread;
  }
  client.Stop();
}

TEST(ReactorsApart, OneServesWhileAnotherSleeps) {
  GrpcServer::Options options = Ends::Options();
  options.reactors = 2;
  ExpectOthersToSleep(std::move(options));
}

TEST(ReactorsApart, OneServesWhileThatOfHealthSleeps) {
  GrpcServer::Options options = Ends::Options();
  options.health_listen = "127.0.0.1:0";
  ExpectOthersToSleep(std::move(options));
}

}  // namespace
}  // namespace chains
