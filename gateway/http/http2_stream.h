// Http2Stream: one request of an HTTP/2 connection and its response, between the session and the
// server's handler.
//
// A body in pieces lies in a BodyPipe; the client gets room for more of it (WINDOW_UPDATE) when its
// reader takes it. Of a response in pieces one is held: the next is asked for when this one has
// gone to the socket, and it goes there when the client has room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "gateway/http/body_pipe.h"
#include "gateway/http/connection.h"
#include "gateway/http/http2_session.h"

namespace chains::gateway {

class Http2Stream final : public Http2Session::Exchange {
 public:
  // The connection, as its streams see it.
  class Host {
   public:
    virtual ~Host() = default;
    virtual Http2Session& session() = 0;
    virtual Shared& shared() = 0;
    // The session has something to send, or will be told what. Soon, not in here.
    virtual void SendSoon() = 0;
    // All that Fill() gave goes with the next write: Gone() is to be called when it has.
    virtual void AwaitsWrite(Http2Stream& stream) = 0;
    // It is over: to be destroyed, but not in here.
    virtual void Over(Http2Stream& stream) = 0;
  };

  Http2Stream(int32_t id, Host& host) : id_(id), host_(host) {}
  ~Http2Stream() override { Leave(); }
  Http2Stream(const Http2Stream&) = delete;
  Http2Stream& operator=(const Http2Stream&) = delete;

  int32_t id() const { return id_; }

  // Its head has come.
  void Begin(const Http2Session::Begun& begun, RequestHead head);
  // The connection is over: drops what runs, and says nothing more.
  void Leave();
  // What Fill() gave has gone to the socket.
  void Gone();
  // Called once in each HttpOptions::progress_timeout: a client that moved too little since the
  // last one, while it was its turn, loses the request.
  void Look();

 private:
  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  Http2Session::Piece Fill(std::span<char> room) override;
  void OnClosed() override;

  void Admit();
  void HandleInPieces();
  void Handle(Request request);
  void BodyTaken();
  void Finished(absl::StatusOr<Response> response);
  void Refuse(int status, std::string_view text);
  void Respond(Response response);
  void SendHead(const Response& response, bool has_body);
  Task<void> Pump(Stream<std::string> pieces, std::optional<uint64_t> length);
  void Pumped(const absl::Status& status);
  void HoldBody(size_t bytes);

  const int32_t id_;
  Host& host_;

  // The request.
  RequestHead head_;
  bool is_head_request_ = false;
  std::string body_;
  uint64_t body_limit_ = 0;
  uint64_t received_ = 0;  // of the body
  uint64_t credited_ = 0;  // of it, for which the client has got room again
  size_t body_held_ = 0;
  bool body_ended_ = false;
  std::shared_ptr<BodyPipe> pipe_;  // where it comes in pieces
  std::optional<internal::Root<Response>> running_;

  // The response.
  bool answered_ = false;
  std::string piece_;  // the body, or the piece of it that goes
  size_t filled_ = 0;  // of it
  bool last_piece_ = false;
  std::function<HttpHeaders()> trailers_;
  Http2Fields trailer_fields_;
  std::optional<internal::Root<void>> pumping_;
  Notice gone_;

  size_t progress_ = 0;        // bytes that moved since the last look
  bool was_its_turn_ = false;  // the client's, at the last look
  bool left_ = false;
};

}  // namespace chains::gateway
