#include "gateway/http/http2_connection.h"

#include <algorithm>
#include <sys/epoll.h>
#include <utility>

namespace chains::gateway {
namespace {

// How long a client may take to hear that no more requests are taken, before that is so.
constexpr absl::Duration kAnnounced = absl::Seconds(1);
constexpr absl::Duration kLingerBetween = absl::Seconds(2);

}  // namespace

Http2Connection::Http2Connection(std::unique_ptr<Transport> transport, std::string received,
                                 Shared& shared, Connection::Owner& owner)
    : transport_(std::move(transport)),
      shared_(shared),
      owner_(owner),
      received_(std::move(received)),
      session_(shared.options.http2, shared.options.request.max_head_bytes, *this) {}

Http2Connection::~Http2Connection() { Close(); }

void Http2Connection::Start() {
  if (!shared_.sockets.Watch(transport_->fd(), *this, EPOLLIN | EPOLLRDHUP)) return Close();
  idle_since_ = heard_at_ = shared_.loop.Now();
  old_at_ = shared_.OldAt();
  SetIdle(true);
  ArmNext(idle_since_);
  SendSoon();  // the server's settings
  if (!received_.empty()) Received(std::exchange(received_, std::string()));
  if (shared_.draining) Drain();
  if (transport_->holds_input()) Read();
}

void Http2Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  for (const auto& [id, stream] : streams_) stream->Leave();
  Loop::Job::Forget();
  Disarm();
  SetIdle(false);
  shared_.sockets.Stop(transport_->fd(), *this);
  transport_.reset();
  output_.Clear();
  owner_.Closed(*this);
}

void Http2Connection::Drain() {
  if (state_ == State::kLingering) return Close();
  if (state_ == State::kClosed || std::exchange(draining_, true)) return;
  session_.Announce();
  session_.Ping();
  finish_at_ = shared_.loop.Now() + kAnnounced;
  ArmNext(shared_.loop.Now());
  SendSoon();
}

void Http2Connection::OnPong() {
  if (!draining_ || std::exchange(finished_, true)) return;
  finish_at_ = absl::InfiniteFuture();
  session_.Finish();
}

Http2Session::Exchange* Http2Connection::OnRequest(const Http2Session::Begun& begun,
                                                   RequestHead head) {
  Http2Stream::Host& host = *this;
  auto stream = std::make_unique<Http2Stream>(begun.id, host);
  Http2Stream& added = *stream;
  streams_[begun.id] = std::move(stream);
  served_ = true;
  SetIdle(false);
  head.is_tls = transport_->is_tls();
  added.Begin(begun, std::move(head));
  return &added;
}

void Http2Connection::SendSoon() {
  if (state_ == State::kOpen) shared_.loop.Ready(*this);
}

void Http2Connection::Over(Http2Stream& stream) {
  const auto found = streams_.find(stream.id());
  if (found == streams_.end()) return;
  over_.push_back(std::move(found->second));
  streams_.erase(found);
  SendSoon();
  if (streams_.empty()) {
    idle_since_ = shared_.loop.Now();
    SetIdle(true);
  }
}

void Http2Connection::OnEvents(uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return Close();
  if (state_ == State::kLingering) return Linger();
  if ((events & EPOLLOUT) != 0) Write();
  if (state_ == State::kOpen && (events & (EPOLLIN | EPOLLRDHUP)) != 0) Read();
}

void Http2Connection::Read() {
  auto& scratch = shared_.scratch;
  do {
    const Transport::Result read = transport_->Read({scratch.data(), scratch.size()});
    if (read.state == Transport::State::kBlocked) break;
    if (read.state == Transport::State::kFailed) return Close();
    if (read.state == Transport::State::kEnded) {
      const bool waits = shared_.options.half_close == HalfClose::kWaits && !streams_.empty();
      if (!waits) return Close();
      input_ended_ = true;
      return Watch();
    }
    Received({scratch.data(), read.bytes});
  } while (state_ == State::kOpen && transport_->holds_input());
}

void Http2Connection::Received(std::string_view bytes) {
  const absl::Time now = shared_.loop.Now();
  heard_at_ = now;
  pinged_ = false;
  session_.Receive(bytes, now);
  const bool in_head = session_.in_head();
  if (in_head != (head_since_ != absl::InfiniteFuture())) {
    head_since_ = in_head ? now : absl::InfiniteFuture();
    ArmNext(now);
  } else if (!streams_.empty() && next_look_ == absl::InfiniteFuture()) {
    ArmNext(now);
  }
  SendSoon();
}

void Http2Connection::Run() {
  over_.clear();
  Write();
}

void Http2Connection::Write() {
  while (state_ == State::kOpen) {
    if (output_.empty()) {
      std::string bytes;
      session_.Send(bytes);
      output_.Push(std::move(bytes));
    }
    const bool has_some = !output_.empty();
    const Transport::State state = output_.WriteTo(*transport_, moved_);
    if (state == Transport::State::kFailed) return Close();
    blocked_ = state == Transport::State::kBlocked;
    if (blocked_) return Watch();
    Written();
    if (!has_some) break;
  }
  if (state_ != State::kOpen) return;
  Watch();
  const bool nobody_waits = input_ended_ && streams_.empty();
  if (session_.ended() || nobody_waits) BeginLinger();
}

void Http2Connection::Written() {
  for (const int32_t id : std::exchange(unwritten_, {})) {
    const auto stream = streams_.find(id);
    if (stream != streams_.end()) stream->second->Gone();
  }
}

// To close a socket with unread bytes resets the connection, and the client might lose the end of
// what was sent. So the sending side ends, and what still comes is thrown away for a while.
void Http2Connection::BeginLinger() {
  state_ = State::kLingering;
  for (const auto& [id, stream] : streams_) stream->Leave();
  SetIdle(false);
  transport_->EndWriting();
  linger_until_ = shared_.loop.Now() + shared_.options.linger_timeout;
  shared_.sockets.Change(transport_->fd(), *this, EPOLLIN);
  Linger();
}

void Http2Connection::Linger() {
  auto& scratch = shared_.scratch;
  do {
    const Transport::State state = transport_->Read({scratch.data(), scratch.size()}).state;
    if (state == Transport::State::kEnded || state == Transport::State::kFailed) return Close();
  } while (transport_->holds_input());
  const absl::Time now = shared_.loop.Now();
  if (now >= linger_until_) return Close();
  shared_.loop.Arm(*this, std::min(linger_until_, now + kLingerBetween));
}

// One timer for all that is waited for: it fires when the first of it may be over.
void Http2Connection::Fire() {
  const bool refused = !session_.problem().empty();
  if (state_ == State::kLingering || (refused && blocked_)) return Close();
  const absl::Time now = shared_.loop.Now();
  if (now >= finish_at_) OnPong();
  if (now >= old_at_) {
    old_at_ = absl::InfiniteFuture();
    Drain();
  }
  if (now >= head_since_ + shared_.options.head_timeout) {
    session_.Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "the head of a request took too long");
  }
  if (streams_.empty()) {
    const absl::Duration limit =
        served_ ? shared_.options.idle_timeout : shared_.options.head_timeout;
    if (now >= idle_since_ + limit) session_.Terminate(NGHTTP2_NO_ERROR, "nothing was asked");
    if (blocked_ && now >= idle_since_ + limit) return Close();
  } else {
    if (now >= next_look_) LookAtStreams(now);
    LookAtClient(now);
    if (state_ == State::kClosed) return;
  }
  ArmNext(now);
  SendSoon();
}

void Http2Connection::LookAtStreams(absl::Time now) {
  next_look_ = now + shared_.options.progress_timeout;
  std::vector<Http2Stream*> all;
  all.reserve(streams_.size());
  for (const auto& [id, stream] : streams_) all.push_back(stream.get());
  for (Http2Stream* const stream : all) stream->Look();
}

// Whether a client that is silent while requests run is there at all.
void Http2Connection::LookAtClient(absl::Time now) {
  const absl::Duration patience = shared_.options.http2.ping_after;
  if (now < heard_at_ + patience) return;
  if (now >= heard_at_ + 2 * patience) return Close();
  if (!std::exchange(pinged_, true)) session_.Ping();
}

void Http2Connection::ArmNext(absl::Time now) {
  const HttpOptions& options = shared_.options;
  absl::Time next = std::min({finish_at_, head_since_ + options.head_timeout, old_at_});
  if (streams_.empty()) {
    next_look_ = absl::InfiniteFuture();
    next = std::min(next, idle_since_ + (served_ ? options.idle_timeout : options.head_timeout));
  } else {
    if (next_look_ == absl::InfiniteFuture()) next_look_ = now + options.progress_timeout;
    next = std::min({next, next_look_, heard_at_ + (pinged_ ? 2 : 1) * options.http2.ping_after});
  }
  // What is over already has been dealt with, and is looked at again.
  constexpr absl::Duration kSoon = absl::Seconds(1);
  shared_.loop.Arm(*this, std::max(next, now + kSoon));
}

void Http2Connection::Watch() {
  const uint32_t reads = input_ended_ ? 0U : uint32_t{EPOLLIN | EPOLLRDHUP};
  shared_.sockets.Change(transport_->fd(), *this, blocked_ ? reads | EPOLLOUT : reads);
}

void Http2Connection::SetIdle(bool idle) {
  if (idle == idle_) return;
  idle_ = idle;
  if (idle) {
    idle_place_ = shared_.idle.insert(shared_.idle.end(), this);
  } else {
    shared_.idle.erase(idle_place_);
  }
}

}  // namespace chains::gateway
