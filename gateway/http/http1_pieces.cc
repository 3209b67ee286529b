// Http1Connection's bodies in pieces: how they come, and how they go.
#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "gateway/http/http1_connection.h"

namespace chains::gateway {
namespace {

constexpr size_t kBodyWindow = 256 << 10;

absl::Status StatusOf(const RequestParser::Problem& problem) {
  return problem.status == 413 ? absl::ResourceExhaustedError(problem.text)
                               : absl::InvalidArgumentError(problem.text);
}

}  // namespace

// At once, while its body is still to come.
void Http1Connection::HandleInPieces(const RequestHead& head) {
  Request request(head, "");
  pipe_ = std::make_shared<BodyPipe>(kBodyWindow, [this] { BodyTaken(); });
  request.pieces = BodyPipe::Pieces(pipe_);
  Handle(std::move(request));
  PassBody();
}

// To what is left of the body: its reader takes it at its own pace.
void Http1Connection::PassBody() {
  while (body_comes() && pipe_->room() > 0) {
    const size_t taken = parser_.Feed(std::string_view(input_).substr(taken_));
    TakeInput(taken);
    pipe_->Push(parser_.TakeBody());
    HoldBody(pipe_->held());
    if (parser_.problem()) {
      pipe_->Fail(StatusOf(*parser_.problem()));
    } else if (parser_.done()) {
      pipe_->End();
    } else if (taken == 0) {
      break;
    }
  }
  WatchRunning();
}

void Http1Connection::ReadBody() {
  do {
    ReadInto(pipe_->room());
  } while (!ReadsOn() && body_comes() && pipe_->room() > 0 && transport_->holds_input());
}

// In the reader's coroutine: what follows waits for its turn.
void Http1Connection::BodyTaken() {
  HoldBody(pipe_->held());
  if (body_comes() && pipe_->room() >= kBodyWindow / 2) shared_.loop.Ready(*this);
}

void Http1Connection::SendPieces(Response response) {
  BeginResponse(framing_ == Framing::kUntilClose ? After::kClose : After::kNextRequest);
  if (response.length) framing_ = Framing::kLength;
  trailers_ = std::move(response.trailers);
  output_.Push(HeadOf(response, shared_.Date(), after_ == After::kNextRequest, framing_,
                      response.length.value_or(0)));
  pumping_.emplace(
      shared_.loop, Context(), Pump(*std::move(response.pieces), response.length),
      [this](const absl::StatusOr<internal::Stored<void>>& end) { Pumped(end.status()); });
  pumping_->Start();
  Write();
}

// One piece at a time: the next is made when this one has gone.
Task<void> Http1Connection::Pump(Stream<std::string> pieces, std::optional<uint64_t> length) {
  uint64_t sent = 0;
  while (std::optional<std::string> piece = co_await pieces.Next()) {
    sent += piece->size();
    if (sent > length.value_or(sent)) break;
    if (piece->empty()) continue;
    output_.Push(framing_ == Framing::kChunked ? ChunkOf(*piece) : *std::move(piece));
    shared_.loop.Ready(*this);
    while (blocked_ || !output_.empty()) co_await written_.Wait();
  }
  if (sent != length.value_or(sent)) {
    co_await absl::InternalError(Text("a body of ", *length, " bytes had others"));
  }
}

void Http1Connection::Pumped(const absl::Status& status) {
  pumping_.reset();
  if (!status.ok()) {
    after_ = After::kLinger;  // without the last chunk
  } else if (framing_ == Framing::kChunked) {
    const bool with_trailers = takes_trailers_ && trailers_ != nullptr;
    output_.Push(LastChunk(with_trailers ? trailers_() : HttpHeaders()));
  }
  trailers_ = nullptr;
  Write();
}

}  // namespace chains::gateway
