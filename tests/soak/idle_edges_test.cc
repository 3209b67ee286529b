// A reactor with sockets goes to rest and is woken, again and again, and no wake-up is lost.
//
// Two drivers, each with connections of its own, make one thing happen at a time and wait until the
// reactor has seen it: bytes on a socket, posted work, a completion, a timer, or two at once. In
// between they wait until the reactor rests, or for any shorter time, so that what they do meets
// every moment of its way to rest. Every so often all bytes come by one socket for a while, which
// is then watched apart. The reactor looks for itself once a second; what it finds then, nobody had
// woken it for.
//
// CHAINS_SOAK_EDGES: how often it is to rest; CHAINS_SOAK_SEED: repeats a run's random choices.
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <grpcpp/alarm.h>
#include <gtest/gtest.h>

#include "chains/grpc/process.h"
#include "chains/grpc/reactor.h"
#include "gateway/http/socket_loop.h"

namespace chains {
namespace {

constexpr int kDrivers = 2;
constexpr int kConnections = 4;  // of each driver
constexpr uint64_t kEdges = 50'000;
constexpr uint64_t kRestsInARow = 500;  // with bytes by one socket, then with bytes by all
constexpr unsigned kLongestSpin = 3000;
constexpr int kPatience = 10'000;  // looks for the reactor to rest; it may be kept from it

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

// How many things one driver has made happen that the reactor has seen.
class Seen {
 public:
  void Add() {
    std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_one();
  }
  bool Await(uint64_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t count_ = 0;  // guarded by mutex_
};

// A connection: the reactor's end and the driver's.
class Connection final : public gateway::SocketLoop::Watcher {
 public:
  Connection(gateway::SocketLoop& sockets, Seen& seen) : sockets_(sockets), seen_(seen) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    near_ = ends[0];
    far_ = ends[1];
    EXPECT_TRUE(sockets_.Watch(near_, *this, EPOLLIN));
  }
  ~Connection() override {
    sockets_.Stop(near_, *this);
    close(near_);
    close(far_);
  }
  int far() const { return far_; }

 private:
  // Its driver sends one byte at a time; one in some does not say that this was all.
  void OnEvents(uint32_t) override {
    char byte = 0;
    if (read(near_, &byte, 1) != 1) return;
    if (++read_ % 100 != 0) sockets_.TookAll();
    seen_.Add();
  }

  gateway::SocketLoop& sockets_;
  Seen& seen_;
  int near_ = -1;
  int far_ = -1;
  int read_ = 0;
};

class Driver {
 public:
  Driver(Reactor& reactor, gateway::SocketLoop& sockets, int number, uint64_t seed)
      : reactor_(reactor), number_(number), random_(seed + static_cast<uint64_t>(number)) {
    for (auto& connection : connections_) {
      connection = std::make_unique<Connection>(sockets, seen_);
    }
  }

  // Until the reactor has rested `edges` times, or something it was told of it never saw.
  void Drive(uint64_t edges) {
    while (reactor_.rests() < edges) {
      const uint64_t rests = reactor_.rests();
      MakeHappen();
      if (!seen_.Await(happened_)) {
        ADD_FAILURE() << "the reactor never saw thing " << happened_;
        return;
      }
      Pause(rests);
    }
  }
  uint64_t happened() const { return happened_; }

 private:
  class Completion final : public Reactor::Tag {
   public:
    explicit Completion(Seen& seen) : seen_(seen) {}
    void Complete(bool) override { seen_.Add(); }

   private:
    Seen& seen_;
  };
  class Alarm final : public Loop::Timer {
   public:
    explicit Alarm(Seen& seen) : seen_(seen) {}
    void Fire() override { seen_.Add(); }

   private:
    Seen& seen_;
  };

  void MakeHappen() {
    const unsigned dice = random_() % 256;
    if (dice < 2) return SetTimer();  // gRPC waits by milliseconds, so these are slow
    if (dice < 130) return Send();
    if (dice < 180) return Post();
    if (dice < 230) return Complete();
    Send();
    dice % 2 == 0 ? Post() : Complete();
  }
  void Send() {
    const bool by_one_socket = reactor_.rests() / kRestsInARow % 2 != 0;
    if (by_one_socket && number_ != 0) return Post();
    ++happened_;
    const char byte = 'x';
    const int far = connections_[by_one_socket ? 0 : random_() % kConnections]->far();
    EXPECT_EQ(write(far, &byte, 1), 1);
  }
  void Post() {
    ++happened_;
    reactor_.Post([this] { seen_.Add(); });
  }
  void Complete() {
    ++happened_;
    Reactor::Tag* const tag = &completion_;
    completes_.Set(&reactor_.queue(), gpr_inf_past(GPR_CLOCK_REALTIME), tag);
  }
  void SetTimer() {
    ++happened_;
    const absl::Duration after = absl::Microseconds(random_() % 1000);
    reactor_.Post([this, after] { reactor_.Arm(timer_, reactor_.Now() + after); });
  }

  // Until it rests again, or for any shorter time.
  void Pause(uint64_t rests) {
    if (random_() % 2 == 0) {
      for (int i = 0; i < kPatience && reactor_.rests() == rests; ++i) std::this_thread::yield();
    }
    for (unsigned spin = random_() % kLongestSpin; spin > 0; --spin) {
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
  }

  Reactor& reactor_;
  const int number_;
  std::minstd_rand random_;
  Seen seen_;
  uint64_t happened_ = 0;
  std::array<std::unique_ptr<Connection>, kConnections> connections_;
  Completion completion_{seen_};
  grpc::Alarm completes_;
  Alarm timer_{seen_};
};

TEST(IdleEdges, NoWakeUpIsLost) {
  const uint64_t edges = FromEnvironment("CHAINS_SOAK_EDGES", kEdges);
  const uint64_t seed = FromEnvironment("CHAINS_SOAK_SEED", std::random_device()());
  SCOPED_TRACE("CHAINS_SOAK_SEED=" + std::to_string(seed));
  PrepareProcess();
  WorkerPool workers;
  gateway::SocketLoop sockets;
  Reactor reactor(workers);
  std::array<Driver, kDrivers> drivers = {Driver(reactor, sockets, 0, seed),
                                          Driver(reactor, sockets, 1, seed)};
  reactor.Attach(sockets);
  reactor.LookEvery(absl::Seconds(1));
  reactor.Start();
  {
    std::vector<std::jthread> threads;
    for (Driver& driver : drivers) threads.emplace_back([&] { driver.Drive(edges); });
  }
  reactor.Stop();
  EXPECT_GE(reactor.rests(), edges);
  EXPECT_EQ(reactor.lost_wake_ups(), 0u);
  std::printf("%llu rests, %llu things, woken from outside %llu times, by sockets %llu times\n",
              static_cast<unsigned long long>(reactor.rests()),
              static_cast<unsigned long long>(drivers[0].happened() + drivers[1].happened()),
              static_cast<unsigned long long>(reactor.wake_ups()),
              static_cast<unsigned long long>(reactor.watcher_wakes()));
}

}  // namespace
}  // namespace chains
