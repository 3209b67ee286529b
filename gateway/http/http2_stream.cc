#include "gateway/http/http2_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "gateway/http/response_head.h"

namespace chains::gateway {
namespace {

bool IsSetByServer(std::string_view name) {
  return absl::EqualsIgnoreCase(ToAbsl(name), "content-length") ||
         absl::EqualsIgnoreCase(ToAbsl(name), "date");
}

}  // namespace

void Http2Stream::Begin(const Http2Session::Begun& begun, RequestHead head) {
  head_ = std::move(head);
  is_head_request_ = head_.method == "HEAD";
  body_ended_ = !begun.has_body;
  if (begun.head_too_large) return Refuse(431, "the head of the request is too large");
  if (head_.target.empty()) return Refuse(501, "CONNECT is not answered here");
  Admit();
}

void Http2Stream::Admit() {
  Admission admission = host_.shared().handler.Admit(head_);
  if (admission.refusal) return Respond(*std::move(admission.refusal));
  body_limit_ = admission.max_body_bytes.value_or(host_.shared().options.request.max_body_bytes);
  if (head_.content_length.value_or(0) > body_limit_) {
    return Refuse(413, Text("the body is larger than ", body_limit_, " bytes"));
  }
  if (head_.expects_continue && !body_ended_) host_.session().Continue(id_);
  if (admission.in_pieces) {
    HandleInPieces();
  } else if (body_ended_) {
    Handle(Request(std::move(head_), ""));
  }
}

void Http2Stream::HandleInPieces() {
  Request request(std::move(head_), "");
  pipe_ = std::make_shared<BodyPipe>(host_.shared().options.http2.stream_window,
                                     [this] { BodyTaken(); });
  if (body_ended_) pipe_->End();
  request.pieces = BodyPipe::Pieces(pipe_);
  Handle(std::move(request));
}

void Http2Stream::Handle(Request request) {
  running_.emplace(host_.shared().loop, Context(),
                   host_.shared().handler.Handle(std::move(request)),
                   [this](absl::StatusOr<Response> response) { Finished(std::move(response)); });
  running_->Start();
}

// What comes after the answer is of no use to anybody, and gets no room.
void Http2Stream::OnBody(std::string_view bytes) {
  if (left_ || (answered_ && pipe_ == nullptr)) return;
  received_ += bytes.size();
  progress_ += bytes.size();
  if (received_ > body_limit_) {
    const std::string why = Text("the body is larger than ", body_limit_, " bytes");
    if (pipe_ == nullptr) return Refuse(413, why);
    return pipe_->Fail(absl::ResourceExhaustedError(why));
  }
  if (pipe_ != nullptr) {
    pipe_->Push(std::string(bytes));
    return HoldBody(pipe_->held());
  }
  body_.append(bytes);
  host_.session().Taken(id_, bytes.size());
  HoldBody(body_.size());
  const Shared& shared = host_.shared();
  if (shared.body_bytes_held > shared.options.max_body_bytes_held) {
    Refuse(503, "too many large requests at once, try again");
  }
}

void Http2Stream::OnBodyEnd() {
  body_ended_ = true;
  if (left_) return;
  if (pipe_ != nullptr) return pipe_->End();
  if (!answered_) Handle(Request(std::move(head_), std::move(body_)));
}

// In the reader's coroutine.
void Http2Stream::BodyTaken() {
  HoldBody(pipe_->held());
  const uint64_t taken = received_ - pipe_->held();
  if (body_ended_ || taken == credited_) return;
  host_.session().Taken(id_, taken - std::exchange(credited_, taken));
  host_.SendSoon();
}

void Http2Stream::Finished(absl::StatusOr<Response> response) {
  running_.reset();
  if (pipe_ == nullptr) HoldBody(0);
  if (!response.ok()) response = host_.shared().handler.Failure(500, MessageOf(response.status()));
  if (response->web_socket != nullptr) {
    response = host_.shared().handler.Failure(501, "a WebSocket is opened over HTTP/1.1");
  }
  Respond(*std::move(response));
}

void Http2Stream::Refuse(int status, std::string_view text) {
  HoldBody(0);
  body_ = std::string();
  Respond(host_.shared().handler.Failure(status, text));
}

void Http2Stream::Respond(Response response) {
  answered_ = true;
  const bool has_body = HasBody(response.status) && !is_head_request_;
  trailers_ = std::move(response.trailers);
  const bool in_pieces = has_body && response.pieces.has_value();
  const bool follows = has_body && (in_pieces || !response.body.empty() || trailers_ != nullptr);
  SendHead(response, follows);
  last_piece_ = !in_pieces;
  if (in_pieces) {
    pumping_.emplace(
        host_.shared().loop, Context(), Pump(*std::move(response.pieces), response.length),
        [this](const absl::StatusOr<internal::Stored<void>>& end) { Pumped(end.status()); });
    pumping_->Start();
  } else if (follows) {
    piece_ = std::move(response.body);
  }
  host_.SendSoon();
}

void Http2Stream::SendHead(const Response& response, bool has_body) {
  Http2Fields head;
  head.Add(":status", std::to_string(response.status));
  head.Add("date", host_.shared().Date());
  for (const auto& [name, value] : response.headers) {
    if (!IsSetByServer(name)) head.Add(name, value);
  }
  std::optional<uint64_t> length = response.length;
  if (!length && !response.pieces && !response.body.empty()) length = response.body.size();
  if (length && HasBody(response.status)) head.Add("content-length", std::to_string(*length));
  using Body = Http2Session::Body;
  host_.session().Respond(id_, head, has_body ? Body::kFollows : Body::kNone);
}

// One piece at a time: the next is made when this one has gone.
Task<void> Http2Stream::Pump(Stream<std::string> pieces, std::optional<uint64_t> length) {
  uint64_t sent = 0;
  while (std::optional<std::string> piece = co_await pieces.Next()) {
    sent += piece->size();
    if (sent > length.value_or(sent)) break;
    if (piece->empty()) continue;
    piece_ = *std::move(piece);
    filled_ = 0;
    host_.session().Resume(id_);
    host_.SendSoon();
    while (!piece_.empty()) co_await gone_.Wait();
  }
  if (sent != length.value_or(sent)) {
    co_await absl::InternalError(Text("a body of ", *length, " bytes had others"));
  }
}

void Http2Stream::Pumped(const absl::Status& status) {
  pumping_.reset();
  if (status.ok()) {
    last_piece_ = true;
    host_.session().Resume(id_);
  } else {
    host_.session().Reset(id_, NGHTTP2_INTERNAL_ERROR);
  }
  host_.SendSoon();
}

Http2Session::Piece Http2Stream::Fill(std::span<char> room) {
  using Then = Http2Session::Piece::Then;
  const size_t bytes = std::min(room.size(), piece_.size() - filled_);
  piece_.copy(room.data(), bytes, filled_);
  filled_ += bytes;
  progress_ += bytes;
  if (filled_ < piece_.size()) return {.bytes = bytes, .then = Then::kMore};
  if (!last_piece_) {
    if (bytes > 0) host_.AwaitsWrite(*this);
    return {.bytes = bytes, .then = Then::kLater};
  }
  if (trailers_ == nullptr) return {.bytes = bytes, .then = Then::kEnd};
  for (const auto& [name, value] : std::exchange(trailers_, nullptr)()) {
    trailer_fields_.Add(name, value);
  }
  return {.bytes = bytes, .then = Then::kEnd, .trailers = &trailer_fields_};
}

void Http2Stream::Gone() {
  if (filled_ < piece_.size()) return;
  piece_ = std::string();
  filled_ = 0;
  was_its_turn_ = false;
  gone_.Give();
}

void Http2Stream::OnClosed() {
  Leave();
  host_.Over(*this);
}

void Http2Stream::Leave() {
  if (std::exchange(left_, true)) return;
  pumping_.reset();
  running_.reset();
  if (pipe_ != nullptr) pipe_->Leave();
  HoldBody(0);
  trailers_ = nullptr;
  piece_ = std::string();
}

void Http2Stream::Look() {
  const bool sends = pipe_ == nullptr && !answered_ && !body_ended_;
  const bool receives = !piece_.empty();
  const bool is_its_turn = sends || receives;
  const size_t moved = std::exchange(progress_, 0);
  const bool was_its_turn = std::exchange(was_its_turn_, is_its_turn);
  if (!is_its_turn || !was_its_turn || moved >= host_.shared().options.min_progress_bytes) return;
  if (sends) return Refuse(408, "the body of the request took too long");
  host_.session().Reset(id_, NGHTTP2_CANCEL);
  host_.SendSoon();
}

void Http2Stream::HoldBody(size_t bytes) {
  host_.shared().body_bytes_held += bytes - body_held_;
  body_held_ = bytes;
}

}  // namespace chains::gateway
