#include "gateway/http/connection.h"

#include <algorithm>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "chains/core/text.h"
#include "gateway/http/response_head.h"

namespace chains::gateway {
namespace {

constexpr size_t kPiecesAtOnce = 16;
constexpr size_t kKeptInput = 4096;  // of an idle connection
constexpr size_t kSmallBody = 4096;  // is copied behind its head
constexpr absl::Duration kLingerBetween = absl::Seconds(2);
constexpr uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP;

// "Mon, 23 Nov 2026 22:50:22 GMT", made once a second.
const std::string& DateOf(Shared& shared) {
  const int64_t second = absl::ToUnixSeconds(shared.loop.Now());
  if (second != shared.date_second) {
    shared.date_second = second;
    shared.date = absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", absl::FromUnixSeconds(second),
                                   absl::UTCTimeZone());
  }
  return shared.date;
}

}  // namespace

Connection::Connection(Socket socket, Shared& shared, Owner& owner)
    : socket_(std::move(socket)), shared_(shared), owner_(owner), parser_(shared.options.request) {}

Connection::~Connection() { Close(); }

void Connection::Start() {
  if (!shared_.sockets.Watch(socket_.fd(), *this, kReadEvents)) return Close();
  WaitForInput();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  running_.reset();
  StopTiming();
  SetIdle(false);
  HoldBody(0);
  shared_.sockets.Stop(socket_.fd(), *this);
  socket_ = Socket();
  output_.clear();
  owner_.Closed(*this);
}

void Connection::Drain() {
  keep_alive_ = false;
  if (idle_ || state_ == State::kLingering) Close();
}

void Connection::OnEvents(uint32_t events) {
  const bool gone = (events & (EPOLLHUP | EPOLLERR)) != 0;
  switch (state_) {
    case State::kReading:
      if ((events & EPOLLOUT) != 0) Write();
      if (state_ == State::kReading && (events & ~EPOLLOUT) != 0) Read();
      return;
    case State::kRunning:
      if (gone || ((events & EPOLLRDHUP) != 0 && shared_.options.half_close == HalfClose::kLeft)) {
        return Close();
      }
      // More requests, or the end of them: both wait.
      return Watch((events & EPOLLRDHUP) != 0 ? 0U : uint32_t{EPOLLRDHUP});
    case State::kWriting:
      if (gone) return Close();
      return Write();
    case State::kLingering:
      return Linger();
    case State::kClosed:
      return;
  }
}

void Connection::Read() {
  auto& scratch = shared_.scratch;
  const ssize_t count = recv(socket_.fd(), scratch.data(), scratch.size(), 0);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) Close();
    return;
  }
  if (count == 0) return Close();
  input_.erase(0, std::exchange(taken_, 0));
  input_.append(scratch.data(), static_cast<size_t>(count));
  Consume();
}

// Takes requests out of what was read, until one runs or more bytes are needed.
void Connection::Consume() {
  if (consuming_) return;
  consuming_ = true;
  while (state_ == State::kReading && FeedParser()) {
  }
  consuming_ = false;
  if (state_ == State::kReading) WaitForInput();
}

void Connection::WaitForInput() {
  Watch(output_.empty() ? kReadEvents : kReadEvents | EPOLLOUT);
  const bool is_idle = !parser_.begun() && input_.empty();
  SetIdle(is_idle);
  Time(is_idle ? Timed::kIdle : parser_.has_head() ? Timed::kProgress : Timed::kHead);
}

// One step of the parser; false where it needs more.
bool Connection::FeedParser() {
  const size_t taken = parser_.Feed(std::string_view(input_).substr(taken_));
  TakeInput(taken);
  HoldBody(parser_.has_head() ? parser_.body_bytes() : 0);
  if (parser_.problem()) {
    Refuse(parser_.problem()->status, parser_.problem()->text);
  } else if (parser_.has_head() && !admitted_) {
    Admit();
    return true;
  } else if (parser_.done()) {
    Run();
  } else if (shared_.body_bytes_held > shared_.options.max_body_bytes_held) {
    Refuse(503, "too many large requests at once, try again");
  }
  return taken > 0;
}

void Connection::TakeInput(size_t bytes) {
  progress_ += bytes;
  taken_ += bytes;
  if (taken_ < input_.size()) return;
  taken_ = 0;
  input_.clear();
  if (input_.capacity() > kKeptInput) input_ = std::string();
}

// The head is there: it is refused, or its body asked for where the client waits to be asked.
void Connection::Admit() {
  admitted_ = true;
  const RequestHead& head = parser_.head();
  keep_alive_ = head.keep_alive && !shared_.draining;
  is_head_request_ = head.method == "HEAD";
  if (std::optional<Response> refusal = shared_.handler.Refuse(head)) {
    Respond(*std::move(refusal), parser_.done() ? After::kNextRequest : After::kLinger);
  } else if (head.content_length.value_or(0) > shared_.options.request.max_body_bytes) {
    Refuse(413, Text("the body is larger than ", shared_.options.request.max_body_bytes, " bytes"));
  } else if (head.expects_continue && !parser_.done() && input_.empty()) {
    Queue("HTTP/1.1 100 Continue\r\n\r\n");
    Write();
  }
}

void Connection::Run() {
  Request request = parser_.Take();
  admitted_ = false;
  state_ = State::kRunning;
  StopTiming();
  SetIdle(false);
  running_.emplace(shared_.loop, Context(), shared_.handler.Handle(std::move(request)),
                   [this](absl::StatusOr<Response> response) { Finished(std::move(response)); });
  running_->Start();
}

void Connection::Finished(absl::StatusOr<Response> response) {
  running_.reset();
  HoldBody(0);
  if (!response.ok()) response = shared_.handler.Failure(500, MessageOf(response.status()));
  Respond(*std::move(response), After::kNextRequest);
}

void Connection::Refuse(int status, std::string_view text) {
  Respond(shared_.handler.Failure(status, text), After::kLinger);
}

void Connection::Respond(Response response, After after) {
  after_ = after != After::kNextRequest       ? after
           : keep_alive_ && !shared_.draining ? After::kNextRequest
                                              : After::kClose;
  state_ = State::kWriting;
  SetIdle(false);
  const bool keep_alive = after_ == After::kNextRequest;
  std::string head = HeadOf(response, DateOf(shared_), keep_alive);
  const bool has_body = !is_head_request_ && HasBody(response.status);
  const bool small = response.body.size() <= kSmallBody;
  if (has_body && small) head += response.body;
  Queue(std::move(head));
  if (has_body && !small) Queue(std::move(response.body));
  StopTiming();
  Write();
}

void Connection::Queue(std::string bytes) {
  if (!bytes.empty()) output_.push_back(std::move(bytes));
}

void Connection::Write() {
  while (!output_.empty()) {
    std::array<iovec, kPiecesAtOnce> pieces;
    const size_t count = std::min(output_.size(), kPiecesAtOnce);
    for (size_t i = 0; i < count; ++i) pieces[i] = {output_[i].data(), output_[i].size()};
    pieces[0] = {output_[0].data() + written_, output_[0].size() - written_};
    const msghdr message{.msg_name = nullptr,
                         .msg_namelen = 0,
                         .msg_iov = pieces.data(),
                         .msg_iovlen = count,
                         .msg_control = nullptr,
                         .msg_controllen = 0,
                         .msg_flags = 0};
    const ssize_t sent = sendmsg(socket_.fd(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return Close();
    if (sent < 0) {
      if (state_ == State::kWriting) {
        Time(Timed::kProgress);
        Watch(EPOLLOUT);
      }
      return;
    }
    progress_ += static_cast<size_t>(sent);
    written_ += static_cast<size_t>(sent);
    while (!output_.empty() && written_ >= output_.front().size()) {
      written_ -= output_.front().size();
      output_.pop_front();
    }
  }
  if (state_ == State::kWriting) Written();
}

void Connection::Written() {
  served_ = true;
  is_head_request_ = false;
  StopTiming();
  if (after_ == After::kClose) return Close();
  if (after_ == After::kLinger) return BeginLinger();
  if (parser_.has_head()) (void)parser_.Take();  // it was refused, and had no body
  admitted_ = false;
  state_ = State::kReading;
  Consume();
}

// To close a socket with unread bytes resets the connection, and the client might never see the
// response. So the sending side ends, and what still comes is thrown away for a while.
void Connection::BeginLinger() {
  state_ = State::kLingering;
  HoldBody(0);
  input_ = std::string();
  taken_ = 0;
  shutdown(socket_.fd(), SHUT_WR);
  linger_until_ = shared_.loop.Now() + shared_.options.linger_timeout;
  Watch(EPOLLIN);
  Linger();
}

void Connection::Linger() {
  auto& scratch = shared_.scratch;
  const ssize_t count = recv(socket_.fd(), scratch.data(), scratch.size(), 0);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return Close();
  const absl::Time now = shared_.loop.Now();
  if (now >= linger_until_) return Close();
  shared_.loop.Arm(*this, std::min(linger_until_, now + kLingerBetween));
}

// A time is over: of being idle, of a head, or of moving on.
void Connection::Fire() {
  const Timed over = std::exchange(timed_, Timed::kNothing);
  if (over == Timed::kProgress && progress_ >= shared_.options.min_progress_bytes) {
    return Time(Timed::kProgress);
  }
  if (over == Timed::kHead) return Refuse(408, "the head of the request took too long");
  if (over == Timed::kProgress && state_ == State::kReading) {
    return Refuse(408, "the body of the request took too long");
  }
  Close();
}

// Begins to count, unless it counts for the same already.
void Connection::Time(Timed what) {
  if (timed_ == what) return;
  timed_ = what;
  progress_ = 0;
  const HttpOptions& options = shared_.options;
  const absl::Duration limit = what == Timed::kProgress          ? options.progress_timeout
                               : what == Timed::kIdle && served_ ? options.idle_timeout
                                                                 : options.head_timeout;
  shared_.loop.Arm(*this, shared_.loop.Now() + limit);
}

void Connection::StopTiming() {
  timed_ = Timed::kNothing;
  Disarm();
}

void Connection::HoldBody(size_t bytes) {
  shared_.body_bytes_held += bytes - body_held_;
  body_held_ = bytes;
}

void Connection::Watch(uint32_t events) { shared_.sockets.Change(socket_.fd(), *this, events); }

void Connection::SetIdle(bool idle) {
  if (idle == idle_) return;
  idle_ = idle;
  if (idle) {
    idle_place_ = shared_.idle.insert(shared_.idle.end(), this);
  } else {
    shared_.idle.erase(idle_place_);
  }
}

}  // namespace chains::gateway
