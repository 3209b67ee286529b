// A socket by which everything comes is watched apart from the others, and nothing is missed.
#include "gateway/http/socket_loop.h"

#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace chains::gateway {
namespace {

constexpr int kLong = 40;  // more than it takes until a socket is alone for long

// Both ends of a connection; the near one is watched, and read to its end unless told otherwise.
class Peer final : public SocketLoop::Watcher {
 public:
  explicit Peer(SocketLoop& loop) : loop_(loop) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    near_ = ends[0];
    far_ = ends[1];
    EXPECT_TRUE(loop_.Watch(near_, *this, EPOLLIN | EPOLLRDHUP));
  }
  ~Peer() override {
    Stop();
    close(near_);
    close(far_);
  }
  void Stop() { loop_.Stop(near_, *this); }
  void Want(uint32_t events) { loop_.Change(near_, *this, events); }
  void Send(const std::string& text = "x") {
    EXPECT_EQ(write(far_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void EndSending() { shutdown(far_, SHUT_WR); }

  void OnEvents(uint32_t events) override {
    events_ = events;
    char bytes[16];
    const ssize_t count = read(near_, bytes, read_at_once_);
    if (count <= 0) return;
    read_.append(bytes, static_cast<size_t>(count));
    if (static_cast<size_t>(count) < read_at_once_) loop_.TookAll();
  }

  std::string read_;
  uint32_t events_ = 0;
  size_t read_at_once_ = 16;

 private:
  SocketLoop& loop_;
  int near_ = -1;
  int far_ = -1;
};

// The test is the watcher's thread.
class SocketLoopTest : public ::testing::Test {
 protected:
  SocketLoopTest() : epoll_(epoll_create1(0)) { loop_.MayAddTo(epoll_); }
  ~SocketLoopTest() override { close(epoll_); }

  static bool Readable(int fd) {
    pollfd descriptor{.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&descriptor, 1, 0) > 0;
  }
  bool OthersReady() const { return Readable(loop_.fd()); }
  // What the watcher's thread would find.
  std::optional<epoll_event> TakeApart() const {
    epoll_event event{};
    return epoll_wait(epoll_, &event, 1, 0) == 1 ? std::optional(event) : std::nullopt;
  }
  // True when there was something to tell.
  bool TellApart() {
    const std::optional<epoll_event> event = TakeApart();
    if (event) loop_.Tell(event->data.u64, event->events);
    return event.has_value();
  }
  void SendOften(Peer& peer) {
    for (int i = 0; i < kLong; ++i) {
      peer.Send();
      while (TellApart()) loop_.PollTold();
      loop_.Poll();
    }
    peer.read_.clear();
  }

  const int epoll_;
  SocketLoop loop_;
};

TEST_F(SocketLoopTest, ASocketThatIsAloneForLongIsToldOfApart) {
  Peer peer(loop_);
  SendOften(peer);
  for (int i = 0; i < 3; ++i) {
    peer.Send();
    EXPECT_FALSE(OthersReady());
    ASSERT_TRUE(TellApart());
    EXPECT_TRUE(loop_.told());
    EXPECT_EQ(loop_.PollTold(), 1);
    EXPECT_FALSE(loop_.told());
    EXPECT_EQ(loop_.PollTold(), 0);
  }
  EXPECT_EQ(peer.read_, "xxx");
}

TEST_F(SocketLoopTest, PollHandlesWhatWasToldToo) {
  Peer peer(loop_);
  SendOften(peer);
  peer.Send();
  ASSERT_TRUE(TellApart());
  EXPECT_EQ(loop_.Poll(), 1);
  EXPECT_EQ(peer.read_, "x");
}

TEST_F(SocketLoopTest, WhoNeverTakesAllIsAmongTheOthers) {
  Peer peer(loop_);
  peer.read_at_once_ = 1;
  SendOften(peer);
  peer.Send();
  EXPECT_TRUE(OthersReady());
  EXPECT_FALSE(TellApart());
}

TEST_F(SocketLoopTest, WhoSharesTheTimeIsAmongTheOthers) {
  Peer one(loop_);
  Peer other(loop_);
  for (int i = 0; i < kLong; ++i) {
    one.Send();
    loop_.Poll();
    other.Send();
    loop_.Poll();
  }
  one.Send();
  EXPECT_TRUE(OthersReady());
  EXPECT_FALSE(TellApart());
}

TEST_F(SocketLoopTest, WhatIsLeftThereIsToldAmongTheOthers) {
  Peer peer(loop_);
  SendOften(peer);
  peer.Send("twenty characters...");
  ASSERT_TRUE(TellApart());
  loop_.PollTold();
  EXPECT_EQ(peer.read_.size(), 16u);
  EXPECT_TRUE(OthersReady());
  loop_.Poll();
  EXPECT_EQ(peer.read_, "twenty characters...");
}

TEST_F(SocketLoopTest, ItsEndIsNotMissedBehindWhatItSent) {
  Peer peer(loop_);
  SendOften(peer);
  peer.Send();
  peer.EndSending();
  ASSERT_TRUE(TellApart());
  loop_.PollTold();
  EXPECT_EQ(peer.read_, "x");
  peer.events_ = 0;
  EXPECT_TRUE(OthersReady());
  loop_.Poll();
  EXPECT_TRUE(peer.events_ & EPOLLRDHUP);
}

TEST_F(SocketLoopTest, AnotherSocketEndsIt) {
  Peer peer(loop_);
  SendOften(peer);
  Peer other(loop_);
  other.Send();
  EXPECT_TRUE(OthersReady());
  loop_.Poll();
  EXPECT_EQ(other.read_, "x");
  peer.Send();
  EXPECT_FALSE(TellApart());
  EXPECT_TRUE(OthersReady());
  loop_.Poll();
  EXPECT_EQ(peer.read_, "x");
}

// The watcher's thread knows of it, but tells only when it is among the others again.
TEST_F(SocketLoopTest, WhatIsToldTooLateIsFoundAmongTheOthers) {
  Peer peer(loop_);
  SendOften(peer);
  peer.Send();
  const std::optional<epoll_event> late = TakeApart();
  ASSERT_TRUE(late);
  peer.Want(EPOLLIN);
  loop_.Tell(late->data.u64, late->events);
  EXPECT_EQ(loop_.PollTold(), 0);
  EXPECT_EQ(loop_.Poll(), 1);
  EXPECT_EQ(peer.read_, "x");
}

TEST_F(SocketLoopTest, AChangedWishEndsIt) {
  Peer peer(loop_);
  SendOften(peer);
  peer.Want(EPOLLRDHUP);
  peer.Send();
  EXPECT_FALSE(TellApart());
  EXPECT_FALSE(OthersReady());
  peer.Want(EPOLLIN);
  EXPECT_TRUE(OthersReady());
}

TEST_F(SocketLoopTest, WhatIsToldOfOneThatIsGoneIsForgotten) {
  auto peer = std::make_unique<Peer>(loop_);
  SendOften(*peer);
  peer->Send();
  ASSERT_TRUE(TellApart());
  peer.reset();
  EXPECT_EQ(loop_.PollTold(), 0);
  Peer next(loop_);
  SendOften(next);
  next.Send();
  EXPECT_TRUE(TellApart());
}

TEST_F(SocketLoopTest, NobodyIsApartWhereTheWatcherWaitsNoMore) {
  Peer peer(loop_);
  SendOften(peer);
  loop_.MayAddTo(-1);
  peer.Send();
  EXPECT_TRUE(OthersReady());
  SendOften(peer);
  peer.Send();
  EXPECT_TRUE(OthersReady());
}

TEST_F(SocketLoopTest, WhoStopsIsToldOfNowhere) {
  Peer peer(loop_);
  SendOften(peer);
  peer.Stop();
  peer.Send();
  EXPECT_FALSE(TellApart());
  EXPECT_FALSE(OthersReady());
}

}  // namespace
}  // namespace chains::gateway
