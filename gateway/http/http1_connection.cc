#include "gateway/http/http1_connection.h"

#include <algorithm>
#include <sys/epoll.h>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "gateway/http/web_socket_connection.h"

namespace chains::gateway {
namespace {

constexpr size_t kKeptInput = 4096;  // of an idle connection
constexpr size_t kSmallBody = 4096;  // is copied behind its head
constexpr absl::Duration kLingerBetween = absl::Seconds(2);
constexpr uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP;

bool TakesTrailers(const RequestHead& head) {
  const auto takes = head.Header("te");
  if (!takes) return false;
  for (const absl::string_view coding : absl::StrSplit(ToAbsl(*takes), ',')) {
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(coding), "trailers")) return true;
  }
  return false;
}

}  // namespace

Http1Connection::Http1Connection(std::unique_ptr<Transport> transport, std::string received,
                                 Shared& shared, Owner& owner)
    : transport_(std::move(transport)),
      shared_(shared),
      owner_(owner),
      parser_(shared.options.request, transport_->is_tls()),
      input_(std::move(received)) {}

Http1Connection::~Http1Connection() { Close(); }

void Http1Connection::Start() {
  if (!shared_.sockets.Watch(transport_->fd(), *this, kReadEvents)) return Close();
  old_at_ = shared_.OldAt();
  input_.empty() ? WaitForInput() : Consume();
  // TLS may have read the request along with the end of its handshake.
  if (state_ == State::kReading && transport_->holds_input()) Read();
}

void Http1Connection::Close() {
  if (state_ == State::kClosed) return;
  shared_.sockets.Stop(transport_->fd(), *this);
  Release();
  transport_.reset();
  owner_.Closed(*this);
}

// Lets go of everything but the transport, which is not watched any more.
void Http1Connection::Release() {
  state_ = State::kClosed;
  pumping_.reset();
  running_.reset();
  if (pipe_ != nullptr) pipe_->Leave();
  Loop::Job::Forget();
  StopTiming();
  SetIdle(false);
  HoldBody(0);
  output_.Clear();
}

void Http1Connection::Drain() {
  keep_alive_ = false;
  if (idle_ || state_ == State::kLingering) Close();
}

void Http1Connection::OnEvents(uint32_t events) {
  const bool gone = (events & (EPOLLHUP | EPOLLERR)) != 0;
  switch (state_) {
    case State::kReading:
      if ((events & EPOLLOUT) != 0) Write();
      if (state_ == State::kReading && (events & ~EPOLLOUT) != 0) Read();
      return;
    case State::kRunning:
    case State::kWriting:
      if (gone) return Close();
      if ((events & EPOLLOUT) != 0) Write();
      if (ReadsOn()) return;
      return OnEventsOfRunning(events);
    case State::kLingering:
      return Linger();
    case State::kClosed:
      return;
  }
}

// While a request runs, or its response is made: more of its body, or the client leaves.
void Http1Connection::OnEventsOfRunning(uint32_t events) {
  if (body_comes() && (events & kReadEvents) != 0) return ReadBody();
  if ((events & EPOLLRDHUP) != 0) {
    const bool answers = state_ == State::kRunning || pumping_.has_value();
    if (answers && shared_.options.half_close == HalfClose::kLeft) return Close();
    half_closed_ = true;
  }
  WatchRunning();  // more requests, or the end of them: both wait
}

void Http1Connection::Read() {
  do {
    ReadInto(shared_.scratch.size());
  } while (state_ == State::kReading && transport_->holds_input());
}

void Http1Connection::ReadInto(size_t most) {
  auto& scratch = shared_.scratch;
  const Transport::Result read = transport_->Read({scratch.data(), std::min(most, scratch.size())});
  if (read.state == Transport::State::kBlocked) return;
  if (read.state != Transport::State::kMoved) return Close();
  if (read.all) shared_.sockets.TookAll();
  input_.erase(0, std::exchange(taken_, 0));
  input_.append(scratch.data(), read.bytes);
  body_comes() ? PassBody() : Consume();
}

// Takes requests out of what was read, until one runs or more bytes are needed.
void Http1Connection::Consume() {
  if (consuming_) return;
  if (!served_ && BecomesHttp2()) return;
  consuming_ = true;
  while (state_ == State::kReading && FeedParser()) {
  }
  consuming_ = false;
  if (state_ == State::kReading) WaitForInput();
}

void Http1Connection::WaitForInput() {
  Watch(blocked_ ? kReadEvents | EPOLLOUT : kReadEvents);
  const bool is_idle = !parser_.begun() && input_.empty();
  SetIdle(is_idle);
  Time(is_idle ? Timed::kIdle : parser_.has_head() ? Timed::kProgress : Timed::kHead);
}

// One step of the parser; false where it needs more.
bool Http1Connection::FeedParser() {
  const size_t taken = parser_.Feed(std::string_view(input_).substr(taken_));
  TakeInput(taken);
  HoldBody(parser_.has_head() ? parser_.body_bytes() : 0);
  if (parser_.problem()) {
    Refuse(parser_.problem()->status, parser_.problem()->text);
  } else if (parser_.has_head() && !admitted_) {
    Admit();
    return true;
  } else if (parser_.done()) {
    Handle(parser_.Take());
  } else if (shared_.body_bytes_held > shared_.options.max_body_bytes_held) {
    Refuse(503, "too many large requests at once, try again");
  }
  return taken > 0;
}

void Http1Connection::TakeInput(size_t bytes) {
  progress_ += bytes;
  taken_ += bytes;
  if (taken_ < input_.size()) return;
  taken_ = 0;
  input_.clear();
  if (input_.capacity() > kKeptInput) input_ = std::string();
}

// The head is there: it is refused, or its body asked for where the client waits to be asked, or
// handled at once.
void Http1Connection::Admit() {
  admitted_ = true;
  const RequestHead& head = parser_.head();
  keep_alive_ = head.keep_alive && !shared_.draining && shared_.loop.EarliestNow() < old_at_;
  is_head_request_ = head.method == "HEAD";
  Admission admission = shared_.handler.Admit(head);
  if (admission.refusal) {
    const After after = parser_.done() ? After::kNextRequest : After::kLinger;
    return Respond(*std::move(admission.refusal), after);
  }
  parser_.LimitBody(admission.max_body_bytes.value_or(shared_.options.request.max_body_bytes));
  if (parser_.problem()) return Refuse(parser_.problem()->status, parser_.problem()->text);
  framing_ = head.is_http_1_0 ? Framing::kUntilClose : Framing::kChunked;
  takes_trailers_ = TakesTrailers(head);
  const bool waits = head.expects_continue && !parser_.done() && input_.empty();
  if (waits) output_.Push("HTTP/1.1 100 Continue\r\n\r\n");
  if (admission.in_pieces) HandleInPieces(head);
  if (waits && state_ != State::kClosed) Write();
}

void Http1Connection::Handle(Request request) {
  admitted_ = false;
  state_ = State::kRunning;
  StopTiming();
  SetIdle(false);
  running_.emplace(shared_.loop, Context(), shared_.handler.Handle(std::move(request)),
                   [this](absl::StatusOr<Response> response) { Finished(std::move(response)); });
  running_->Start();
}

// There is something to write, or room for more of the body.
void Http1Connection::Run() {
  if (ReadsOn()) return;
  if (!output_.empty()) Write();
  if (ReadsOn() || !body_comes()) return;
  PassBody();
  if (transport_->holds_input() && body_comes() && pipe_->room() > 0) ReadBody();
}

void Http1Connection::Finished(absl::StatusOr<Response> response) {
  running_.reset();
  if (pipe_ == nullptr) HoldBody(0);
  if (!response.ok()) response = shared_.handler.Failure(500, MessageOf(response.status()));
  if (response->web_socket != nullptr) return BecomeWebSocket(*std::move(response));
  const bool body_left = pipe_ != nullptr && !parser_.done();
  if (response->pieces && !is_head_request_ && HasBody(response->status)) {
    return SendPieces(*std::move(response));
  }
  Respond(*std::move(response), body_left ? After::kLinger : After::kNextRequest);
}

void Http1Connection::BecomeWebSocket(Response response) {
  WebSocketConnection::Opening opening{
      .head = HeadOf(response, shared_.Date(), keep_alive_, Framing::kLength, 0),
      .handler = std::move(response.web_socket)};
  std::string received = input_.substr(taken_);
  shared_.sockets.Stop(transport_->fd(), *this);
  auto next = std::make_unique<WebSocketConnection>(std::move(transport_), std::move(opening),
                                                    std::move(received), shared_, owner_);
  Release();
  owner_.Becomes(*this, std::move(next));
}

void Http1Connection::Refuse(int status, std::string_view text) {
  Respond(shared_.handler.Failure(status, text), After::kLinger);
}

void Http1Connection::BeginResponse(After after) {
  after_ = after != After::kNextRequest       ? after
           : keep_alive_ && !shared_.draining ? After::kNextRequest
                                              : After::kClose;
  state_ = State::kWriting;
  SetIdle(false);
  StopTiming();
}

void Http1Connection::Respond(Response response, After after) {
  BeginResponse(after);
  const bool keep_alive = after_ == After::kNextRequest;
  const uint64_t length =
      is_head_request_ ? response.length.value_or(response.body.size()) : response.body.size();
  std::string head = HeadOf(response, shared_.Date(), keep_alive, Framing::kLength, length);
  const bool has_body = !is_head_request_ && HasBody(response.status);
  const bool small = response.body.size() <= kSmallBody;
  if (has_body && small) head += response.body;
  output_.Push(std::move(head));
  if (has_body && !small) output_.Push(std::move(response.body));
  Write();
}

void Http1Connection::Write() {
  const Transport::State state = output_.WriteTo(*transport_, progress_);
  if (state == Transport::State::kFailed) return Close();
  blocked_ = state == Transport::State::kBlocked;
  if (state_ == State::kReading) return;
  if (blocked_) {
    if (state_ == State::kWriting) Time(Timed::kProgress);
    return WatchRunning();
  }
  if (state_ == State::kRunning) return WatchRunning();
  if (!pumping_) return Written();
  StopTiming();
  written_.Give();
  WatchRunning();
}

void Http1Connection::Written() {
  served_ = true;
  is_head_request_ = false;
  StopTiming();
  if (pipe_ != nullptr) {
    if (!parser_.done()) after_ = After::kLinger;
    pipe_->Leave();
    pipe_.reset();
    HoldBody(0);
  }
  if (after_ == After::kClose) return Close();
  if (after_ == After::kLinger) return BeginLinger();
  if (parser_.has_head()) (void)parser_.Take();  // it was refused, or its body went by in pieces
  admitted_ = false;
  state_ = State::kReading;
  Consume();
  if (state_ == State::kReading && transport_->holds_input()) Read();
}

// To close a socket with unread bytes resets the connection, and the client might never see the
// response. So the sending side ends, and what still comes is thrown away for a while.
void Http1Connection::BeginLinger() {
  state_ = State::kLingering;
  HoldBody(0);
  input_ = std::string();
  taken_ = 0;
  transport_->EndWriting();
  linger_until_ = shared_.loop.Now() + shared_.options.linger_timeout;
  Watch(EPOLLIN);
  Linger();
}

void Http1Connection::Linger() {
  auto& scratch = shared_.scratch;
  do {
    const Transport::State state = transport_->Read({scratch.data(), scratch.size()}).state;
    if (state == Transport::State::kEnded || state == Transport::State::kFailed) return Close();
  } while (transport_->holds_input());
  const absl::Time now = shared_.loop.Now();
  if (now >= linger_until_) return Close();
  shared_.loop.Arm(*this, std::min(linger_until_, now + kLingerBetween));
}

// A time is over: of being idle, of a head, or of moving on.
void Http1Connection::Fire() {
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
void Http1Connection::Time(Timed what) {
  if (timed_ == what) return;
  timed_ = what;
  progress_ = 0;
  const HttpOptions& options = shared_.options;
  const absl::Duration limit = what == Timed::kProgress          ? options.progress_timeout
                               : what == Timed::kIdle && served_ ? options.idle_timeout
                                                                 : options.head_timeout;
  shared_.loop.Arm(*this, shared_.loop.Now() + limit);
}

void Http1Connection::StopTiming() {
  timed_ = Timed::kNothing;
  Disarm();
}

void Http1Connection::HoldBody(size_t bytes) {
  shared_.body_bytes_held += bytes - body_held_;
  body_held_ = bytes;
}

void Http1Connection::WatchRunning() {
  if (ReadsOn()) return;
  uint32_t events = blocked_ ? uint32_t{EPOLLOUT} : 0U;
  if (body_comes()) {
    // Where there is no room, the end of what the client sends lies behind what was not read.
    if (pipe_->room() > 0) events |= kReadEvents;
  } else if (!half_closed_ && (state_ == State::kRunning || pumping_)) {
    events |= EPOLLRDHUP;
  }
  Watch(events);
}

void Http1Connection::Watch(uint32_t events) {
  shared_.sockets.Change(transport_->fd(), *this, events);
}

void Http1Connection::SetIdle(bool idle) {
  if (idle == idle_) return;
  idle_ = idle;
  if (idle) {
    idle_place_ = shared_.idle.insert(shared_.idle.end(), this);
  } else {
    shared_.idle.erase(idle_place_);
  }
}

}  // namespace chains::gateway
