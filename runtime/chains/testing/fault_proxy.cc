#include "chains/testing/fault_proxy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "chains/testing/fault_link.h"
#include "chains/testing/proxy_socket.h"

namespace chains::testing {
namespace {

constexpr size_t kReadAtOnce = 64 << 10;
constexpr absl::Duration kLongestWait = absl::Seconds(60);

// One connection: from its client to the target and back.
class Connection {
 public:
  Connection(ProxySocket client, ProxySocket target, const ProxyFaults& faults, uint64_t seed)
      : sides_{Side{std::move(client)}, Side{std::move(target)}},
        links_{FaultLink(faults.to_target, seed), FaultLink(faults.to_client, ~seed)} {}

  void SetFaults(const ProxyFaults& faults) {
    links_[0].SetFaults(faults.to_target);
    links_[1].SetFaults(faults.to_client);
  }
  // What to wait for, of the client and then of the target. Nothing while `frozen`.
  void Watch(bool frozen, absl::Time now, std::vector<pollfd>& polls) const {
    for (size_t i = 0; i < 2; ++i) {
      short events = 0;
      if (!frozen && sides_[i].reads && links_[i].wants_more()) events |= POLLIN;
      if (!frozen && !links_[1 - i].Ready(now).empty()) events |= POLLOUT;
      // A descriptor of −1 is passed over; else a peer that hung up would be told again and again.
      polls.push_back(
          {.fd = events != 0 ? sides_[i].socket.descriptor() : -1, .events = events, .revents = 0});
    }
  }
  absl::Time NextChange(absl::Time now) const {
    return std::min(links_[0].NextChange(now), links_[1].NextChange(now));
  }
  // Moves what can be moved. False: it is over.
  bool Run(const pollfd* polls, absl::Time now) {
    for (size_t i = 0; i < 2; ++i) {
      if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !Read(i, now)) return Reset();
    }
    for (size_t i = 0; i < 2; ++i) {
      if (!Write(i, now) || links_[1 - i].CutIsDue()) return Reset();
    }
    return sides_[0].writes || sides_[1].writes;
  }
  bool Reset() {
    for (const Side& side : sides_) side.socket.ResetWhenClosed();
    return false;
  }
  // Since the beginning, from the client and from the target.
  int64_t fed(size_t from) const { return links_[from].fed(); }

 private:
  struct Side {
    ProxySocket socket;
    bool reads = true;   // it may still send
    bool writes = true;  // it may still be sent to
  };

  // False: the peer is gone.
  bool Read(size_t from, absl::Time now) {
    Side& side = sides_[from];
    if (!side.reads || !links_[from].wants_more()) return true;
    std::array<char, kReadAtOnce> buffer;
    const ssize_t got = ::recv(side.socket.descriptor(), buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) {
      side.reads = false;
      links_[from].FeedEnd(now);
    } else {
      links_[from].Feed({buffer.data(), static_cast<size_t>(got)}, now);
    }
    return true;
  }
  bool Write(size_t to, absl::Time now) {
    Side& side = sides_[to];
    FaultLink& link = links_[1 - to];
    for (std::string_view out = link.Ready(now); !out.empty(); out = link.Ready(now)) {
      const ssize_t sent = ::send(side.socket.descriptor(), out.data(), out.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
      link.Sent(static_cast<size_t>(sent));
    }
    if (side.writes && link.EndIsDue(now)) {
      side.writes = false;
      ::shutdown(side.socket.descriptor(), SHUT_WR);
    }
    return true;
  }

  std::array<Side, 2> sides_;       // client, target
  std::array<FaultLink, 2> links_;  // what they send
};

}  // namespace

class FaultProxy::Impl {
 public:
  Impl(Options options, ProxySocket listening)
      : options_(std::move(options)),
        listening_(std::move(listening)),
        address_(BoundAddress(listening_, options_.listen)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        faults_(options_.faults),
        thread_([this] { Run(); }) {}
  ~Impl() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ::eventfd_write(wake_.descriptor(), 1);
    thread_.join();
  }

  const std::string& address() const { return address_; }
  void Set(const ProxyFaults& faults) {
    {
      std::lock_guard lock(mutex_);
      faults_ = faults;
      changed_ = true;
    }
    ::eventfd_write(wake_.descriptor(), 1);
  }
  void ResetAll() {
    {
      std::lock_guard lock(mutex_);
      reset_ = true;
    }
    ::eventfd_write(wake_.descriptor(), 1);
  }
  Counts counts() const {
    std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  void Run() {
    while (TakeOrders()) {
      std::vector<pollfd> polls = {
          {.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
          {.fd = now_.blackhole ? -1 : listening_.descriptor(), .events = POLLIN, .revents = 0}};
      const absl::Time now = absl::Now();
      absl::Time next = now + kLongestWait;
      for (const Connection& each : connections_) {
        each.Watch(now_.blackhole, now, polls);
        if (!now_.blackhole) next = std::min(next, each.NextChange(now));
      }
      const int64_t wait = absl::ToInt64Nanoseconds(next - now);
      const timespec time = {.tv_sec = wait / 1'000'000'000, .tv_nsec = wait % 1'000'000'000};
      if (::ppoll(polls.data(), polls.size(), &time, nullptr) < 0) continue;  // interrupted
      eventfd_t ignored;
      ::eventfd_read(wake_.descriptor(), &ignored);
      if (!now_.blackhole) Move(polls);
      if (polls[1].revents != 0) Accept();
      Count();
    }
  }
  // Each connection has two of `polls`, after those for the proxy itself.
  void Move(const std::vector<pollfd>& polls) {
    const absl::Time now = absl::Now();
    const pollfd* own = polls.data() + 2;
    for (auto each = connections_.begin(); each != connections_.end(); own += 2) {
      each = each->Run(own, now) ? std::next(each) : Forget(each);
    }
  }
  void Accept() {
    for (ProxySocket client = AcceptFrom(listening_); client.is_open();
         client = AcceptFrom(listening_)) {
      ++accepted_;
      ProxySocket target = now_.refuse ? ProxySocket() : testing::ConnectTo(options_.target);
      if (target.is_open()) {
        connections_.emplace_back(std::move(client), std::move(target), now_,
                                  options_.seed + static_cast<uint64_t>(accepted_));
      } else {
        client.ResetWhenClosed();
        const ProxySocket closed = std::move(client);
      }
    }
  }
  using Connections = std::list<Connection>;
  Connections::iterator Forget(Connections::iterator which) {
    for (size_t i = 0; i < 2; ++i) ended_[i] += which->fed(i);
    return connections_.erase(which);
  }
  // False: it is to end.
  bool TakeOrders() {
    std::lock_guard lock(mutex_);
    if (std::exchange(changed_, false)) {
      for (Connection& each : connections_) each.SetFaults(faults_);
    }
    now_ = faults_;
    if (std::exchange(reset_, false) || stopping_) {
      while (!connections_.empty()) {
        connections_.front().Reset();
        Forget(connections_.begin());
      }
    }
    return !stopping_;
  }
  void Count() {
    std::array<int64_t, 2> bytes = ended_;
    for (const Connection& each : connections_) {
      for (size_t i = 0; i < 2; ++i) bytes[i] += each.fed(i);
    }
    std::lock_guard lock(mutex_);
    counts_ = {.accepted = accepted_,
               .open = static_cast<int64_t>(connections_.size()),
               .bytes_to_target = bytes[0],
               .bytes_to_client = bytes[1]};
  }

  const Options options_;
  const ProxySocket listening_;
  const std::string address_;
  const ProxySocket wake_;  // an eventfd
  // The thread's.
  Connections connections_;
  ProxyFaults now_;
  int64_t accepted_ = 0;
  std::array<int64_t, 2> ended_ = {};  // bytes of connections that are over

  mutable std::mutex mutex_;
  ProxyFaults faults_;    // guarded by mutex_, as are all of these
  bool changed_ = false;  // … and the connections are to hear of it
  bool reset_ = false;    // the connections are to be reset
  bool stopping_ = false;
  Counts counts_;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<FaultProxy>> FaultProxy::Start(Options options) {
  if (absl::Status target = CheckAddress(options.target); !target.ok()) return target;
  absl::StatusOr<ProxySocket> listening = ListenAt(options.listen);
  if (!listening.ok()) return listening.status();
  return std::unique_ptr<FaultProxy>(
      new FaultProxy(std::make_unique<Impl>(std::move(options), *std::move(listening))));
}

FaultProxy::FaultProxy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FaultProxy::~FaultProxy() = default;

const std::string& FaultProxy::address() const { return impl_->address(); }
void FaultProxy::Set(const ProxyFaults& faults) { impl_->Set(faults); }
void FaultProxy::ResetAll() { impl_->ResetAll(); }
FaultProxy::Counts FaultProxy::counts() const { return impl_->counts(); }

}  // namespace chains::testing
