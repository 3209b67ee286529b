#include "gateway/http/web_socket_connection.h"

#include <algorithm>
#include <sys/epoll.h>
#include <utility>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kReadBehind = 16 << 10;  // behind the message that comes
constexpr int kMostUnanswered = 2;

constexpr uint16_t kNormal = 1000;  // RFC 6455, 7.4.1
constexpr uint16_t kGoingAway = 1001;
constexpr uint16_t kInternalError = 1011;
constexpr uint16_t kTryAgainLater = 1013;  // IANA's registry

}  // namespace

WebSocketConnection::WebSocketConnection(std::unique_ptr<Transport> transport, Opening opening,
                                         std::string received, Shared& shared, Owner& owner)
    : transport_(std::move(transport)),
      shared_(shared),
      owner_(owner),
      head_(std::move(opening.head)),
      input_(std::move(received)),
      session_({.max_message_bytes = shared.options.max_message_bytes}),
      handler_(std::move(opening.handler)) {}

WebSocketConnection::~WebSocketConnection() { Leave(); }

void WebSocketConnection::Start() {
  if (!shared_.sockets.Watch(transport_->fd(), *this, EPOLLRDHUP)) return Leave();
  shared_.loop.Arm(*this, shared_.loop.Now() + shared_.options.ping_interval);
  running_.emplace(
      shared_.loop, Context(), handler_(*this),
      [this](const absl::StatusOr<internal::Stored<void>>& end) { Finished(end.status()); });
  running_->Start();
  shared_.loop.Ready(*this);
}

void WebSocketConnection::Close() {
  if (state_ == State::kOpen && head_.empty()) {
    session_.Close(kGoingAway, "the server goes away");
    (void)session_.Write(*this);
    transport_->EndWriting();
    Discard();  // or the system would reset the connection, and the client might not read it
  }
  Leave();
}

void WebSocketConnection::Drain() {
  if (state_ == State::kLingering) Leave();
}

void WebSocketConnection::Leave() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  running_.reset();
  Job::Forget();
  Timer::Disarm();
  HoldMessage(0);
  shared_.sockets.Stop(transport_->fd(), *this);
  transport_.reset();
  owner_.Closed(*this);
}

// ---- the handler's side

Task<std::optional<WebSocket::Message>> WebSocketConnection::Receive() {
  while (!session_.has_message()) {
    if (session_.goodbye()) co_return std::nullopt;
    co_await received_.Wait();
  }
  std::optional<Message> message = session_.TakeMessage();
  shared_.loop.Ready(*this);
  co_return message;
}

Task<void> WebSocketConnection::Send(Message message) {
  while (!session_.can_queue()) {
    if (session_.goodbye()) co_await absl::CancelledError("the WebSocket is closed");
    co_await written_.Wait();
  }
  session_.Queue(std::move(message));
  const uint64_t this_one = ++queued_;
  shared_.loop.Ready(*this);
  while (gone_ < this_one) co_await written_.Wait();
}

Task<void> WebSocketConnection::Close(uint16_t code, std::string reason) {
  session_.Close(code, reason);
  shared_.loop.Ready(*this);
  while (session_.has_output()) co_await written_.Wait();
}

// What coroutines asked for.
void WebSocketConnection::Run() {
  if (state_ == State::kClosed) return;
  Feed(std::exchange(input_, std::string()));
  if (session_.wants_input() && transport_->holds_input()) Read();
  if (state_ != State::kClosed) GoOn();
}

void WebSocketConnection::Finished(const absl::Status& status) {
  running_.reset();
  session_.Close(status.ok() ? kNormal : kInternalError, MessageOf(status));
  GoOn();
}

// ---- the client's side

void WebSocketConnection::OnEvents(uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return Leave();
  if (state_ == State::kLingering) return Discard();
  if ((events & EPOLLIN) != 0 && session_.wants_input()) {
    Read();
  } else if ((events & EPOLLRDHUP) != 0) {
    return Leave();  // without a goodbye, or with one behind messages that nobody has taken
  }
  if (state_ != State::kClosed) GoOn();
}

void WebSocketConnection::Read() {
  do {
    auto& scratch = shared_.scratch;
    const size_t most = std::min<uint64_t>(scratch.size(), kReadBehind + session_.expected());
    const Transport::Result read = transport_->Read({scratch.data(), most});
    if (read.state == Transport::State::kBlocked) return;
    if (read.state != Transport::State::kMoved) return Leave();
    heard_ = true;
    Feed({scratch.data(), read.bytes});
  } while (session_.wants_input() && transport_->holds_input());
}

// As far as there is room for messages; the rest waits.
void WebSocketConnection::Feed(std::string_view bytes) {
  bytes.remove_prefix(session_.Feed(bytes));
  input_ = std::string(bytes);
  HoldMessage(session_.held());
  if (shared_.body_bytes_held > shared_.options.max_body_bytes_held && !session_.has_message()) {
    session_.Abort(kTryAgainLater, "too many large messages at once, try again");
    HoldMessage(0);
  }
}

// After anything has happened.
void WebSocketConnection::GoOn() {
  Flush();
  if (failed_) return Leave();
  LookForGoodbyes();
  if (state_ == State::kClosed) return;
  if (session_.has_message() || session_.goodbye()) received_.Give();
  Watch();
}

void WebSocketConnection::Flush() {
  if (state_ == State::kLingering) return;
  while (!head_.empty()) {
    const size_t count = Write(head_);
    head_.erase(0, count);
    if (count == 0) break;
  }
  blocked_ = !head_.empty() || !session_.Write(*this);
  const Transport::State below = transport_->Flush();
  blocked_ |= below == Transport::State::kBlocked;
  failed_ |= below == Transport::State::kFailed;
  if (blocked_ || failed_) return;
  gone_ = queued_;
  written_.Give();
}

size_t WebSocketConnection::Write(std::string_view bytes) {
  const iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  const Transport::Result result = transport_->Write({&piece, 1});
  failed_ |= result.state == Transport::State::kFailed;
  moved_ |= result.bytes > 0;
  return result.bytes;
}

void WebSocketConnection::LookForGoodbyes() {
  const bool client_is_done = session_.received() || session_.failed();
  if (client_is_done) running_.reset();
  if (state_ == State::kOpen && session_.goodbye()) BeginClosing();
  if (state_ == State::kClosing && session_.over() && !blocked_) BeginLingering();
}

void WebSocketConnection::BeginClosing() {
  state_ = State::kClosing;
  shared_.loop.Arm(*this, shared_.loop.Now() + shared_.options.linger_timeout);
}

// To close a socket with unread bytes resets the connection, and the client might never see what
// it was told.
void WebSocketConnection::BeginLingering() {
  state_ = State::kLingering;
  running_.reset();
  HoldMessage(0);
  transport_->EndWriting();
  Discard();
}

void WebSocketConnection::Discard() {
  auto& scratch = shared_.scratch;
  do {
    const Transport::State state = transport_->Read({scratch.data(), scratch.size()}).state;
    if (state == Transport::State::kEnded || state == Transport::State::kFailed) return Leave();
  } while (transport_->holds_input());
}

// It is time for a ping, or was long enough for a goodbye.
void WebSocketConnection::Fire() {
  if (state_ != State::kOpen) return Leave();
  Ping();
  shared_.loop.Arm(*this, shared_.loop.Now() + shared_.options.ping_interval);
  GoOn();
}

// What is not read cannot be an answer, and who takes a long message slowly is there.
void WebSocketConnection::Ping() {
  const bool is_there = heard_ || !session_.wants_input() || (blocked_ && moved_);
  heard_ = false;
  moved_ = false;
  if (is_there) unanswered_ = 0;
  if (unanswered_ == kMostUnanswered) return session_.Abort(kGoingAway, "no answer to two pings");
  ++unanswered_;
  session_.Ping();
}

void WebSocketConnection::Watch() {
  uint32_t events = EPOLLRDHUP;
  if (state_ == State::kLingering) {
    events |= EPOLLIN;
  } else {
    if (session_.wants_input()) events |= EPOLLIN;
    if (blocked_) events |= EPOLLOUT;
  }
  shared_.sockets.Change(transport_->fd(), *this, events);
}

void WebSocketConnection::HoldMessage(size_t bytes) {
  shared_.body_bytes_held += bytes - held_;
  held_ = bytes;
}

}  // namespace chains::gateway
