// Http1Connection: a client that speaks HTTP/1.
//
// One request at a time: what a client sends ahead waits, mostly in the system's buffers, until the
// response before it has gone; so responses are in order, and a connection holds one request, one
// response and a buffer of fixed size. A client that leaves is noticed at once, and its request is
// dropped; only where it had sent ahead more than the system's buffers hold, TCP keeps the news
// back until its request has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "gateway/http/body_pipe.h"
#include "gateway/http/connection.h"
#include "gateway/http/output.h"
#include "gateway/http/request_parser.h"
#include "gateway/http/response_head.h"
#include "gateway/http/transport.h"

namespace chains::gateway {

class Http1Connection final : public Connection,
                              private SocketLoop::Watcher,
                              private Loop::Timer,
                              private Loop::Job {
 public:
  // `received` was read of the client already.
  Http1Connection(std::unique_ptr<Transport> transport, std::string received, Shared& shared,
                  Owner& owner);
  ~Http1Connection() override;

  void Start() override;
  void Close() override;
  void Drain() override;

 private:
  enum class State { kReading, kRunning, kWriting, kLingering, kClosed };
  enum class After { kNextRequest, kLinger, kClose };
  enum class Timed { kNothing, kIdle, kHead, kProgress };

  void OnEvents(uint32_t events) override;
  void OnEventsOfRunning(uint32_t events);
  void Fire() override;
  void Run() override;

  void Read();
  void ReadInto(size_t most);
  void Consume();
  bool FeedParser();
  void TakeInput(size_t bytes);
  void WaitForInput();
  void Admit();
  bool BecomesHttp2();
  void Handle(Request request);
  void Finished(absl::StatusOr<Response> response);
  void BecomeWebSocket(Response response);
  void Release();
  void Refuse(int status, std::string_view text);
  void BeginResponse(After after);
  void Respond(Response response, After after);
  void Write();
  void Written();
  void BeginLinger();
  void Linger();

  // A body in pieces: it is read while its request runs, and while its response goes.
  void HandleInPieces(const RequestHead& head);
  void ReadBody();
  void PassBody();
  void BodyTaken();
  bool body_comes() const { return pipe_ != nullptr && !pipe_->ended(); }
  // Neither runs a request nor answers one.
  bool ReadsOn() const { return state_ != State::kRunning && state_ != State::kWriting; }

  // A response in pieces.
  void SendPieces(Response response);
  Task<void> Pump(Stream<std::string> pieces, std::optional<uint64_t> length);
  void Pumped(const absl::Status& status);

  void WatchRunning();
  void Time(Timed what);
  void StopTiming();
  void HoldBody(size_t bytes);
  void Watch(uint32_t events);
  void SetIdle(bool idle);

  std::unique_ptr<Transport> transport_;
  Shared& shared_;
  Owner& owner_;
  State state_ = State::kReading;
  After after_ = After::kNextRequest;

  RequestParser parser_;
  std::string input_;  // what was read
  size_t taken_ = 0;   // of it, by the parser
  bool consuming_ = false;
  bool admitted_ = false;
  bool served_ = false;       // a request has been answered
  bool half_closed_ = false;  // the client sends no more
  size_t body_held_ = 0;

  bool is_head_request_ = false;
  bool keep_alive_ = true;
  absl::Time old_at_ = absl::InfiniteFuture();  // requests after this close it
  bool takes_trailers_ = false;
  std::shared_ptr<BodyPipe> pipe_;  // of the request that runs, where its body comes in pieces
  std::optional<internal::Root<Response>> running_;

  Output output_;
  bool blocked_ = false;  // the client has no room for more of it now
  Framing framing_ = Framing::kLength;
  std::function<HttpHeaders()> trailers_;
  std::optional<internal::Root<void>> pumping_;
  Notice written_;

  Timed timed_ = Timed::kNothing;
  size_t progress_ = 0;  // bytes moved since the timer was armed
  absl::Time linger_until_;
  std::list<Connection*>::iterator idle_place_;
  bool idle_ = false;
};

}  // namespace chains::gateway
