// Http2Connection: a client that speaks HTTP/2 (RFC 9113), over TLS or, with prior knowledge, in
// the clear.
//
// Requests run at once, up to Http2Options::max_streams. What is read of the client goes through
// nghttp2 at once and never waits: bodies are held back by flow control. What is written is asked
// of the session only when the socket took what it gave before, so that little waits for a slow
// client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "gateway/http/connection.h"
#include "gateway/http/http2_session.h"
#include "gateway/http/http2_stream.h"
#include "gateway/http/output.h"
#include "gateway/http/transport.h"

namespace chains::gateway {

class Http2Connection final : public Connection,
                              private Http2Session::Owner,
                              private Http2Stream::Host,
                              private SocketLoop::Watcher,
                              private Loop::Timer,
                              private Loop::Job {
 public:
  // How a client begins that knows that it will be understood.
  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  // `received` was read of the client already.
  Http2Connection(std::unique_ptr<Transport> transport, std::string received, Shared& shared,
                  Connection::Owner& owner);
  ~Http2Connection() override;

  void Start() override;
  void Close() override;
  void Drain() override;

 private:
  enum class State { kOpen, kLingering, kClosed };

  Http2Session::Exchange* OnRequest(const Http2Session::Begun& begun, RequestHead head) override;
  void OnPong() override;

  Http2Session& session() override { return session_; }
  Shared& shared() override { return shared_; }
  void SendSoon() override;
  void AwaitsWrite(Http2Stream& stream) override { unwritten_.push_back(stream.id()); }
  void Over(Http2Stream& stream) override;

  void OnEvents(uint32_t events) override;
  void Fire() override;
  void Run() override;

  void Read();
  void Received(std::string_view bytes);
  void Write();
  void Written();
  void BeginLinger();
  void Linger();

  void LookAtStreams(absl::Time now);
  void LookAtClient(absl::Time now);
  void ArmNext(absl::Time now);
  void Watch();
  void SetIdle(bool idle);

  std::unique_ptr<Transport> transport_;
  Shared& shared_;
  Connection::Owner& owner_;
  State state_ = State::kOpen;
  std::string received_;  // before the start
  Http2Session session_;
  std::unordered_map<int32_t, std::unique_ptr<Http2Stream>> streams_;
  std::vector<std::unique_ptr<Http2Stream>> over_;  // to be destroyed by the next job
  std::vector<int32_t> unwritten_;                  // whose pieces go with what is being written

  Output output_;
  size_t moved_ = 0;
  bool blocked_ = false;      // the client has no room for more of it now
  bool input_ended_ = false;  // the client sends no more
  bool draining_ = false;
  bool finished_ = false;  // it takes no new requests

  bool served_ = false;  // a request has come
  absl::Time idle_since_;
  absl::Time old_at_ = absl::InfiniteFuture();  // when its client is told to open another one
  absl::Time head_since_ = absl::InfiniteFuture();
  absl::Time next_look_ = absl::InfiniteFuture();  // at streams
  absl::Time heard_at_;                            // when the client last sent anything
  bool pinged_ = false;                            // … and has not since it was asked
  absl::Time finish_at_ = absl::InfiniteFuture();
  absl::Time linger_until_;
  std::list<Connection*>::iterator idle_place_;
  bool idle_ = false;
};

}  // namespace chains::gateway
