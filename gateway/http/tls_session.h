// TlsSession: the server's end of one TLS connection, from bytes to bytes. Pure: it knows no
// socket.
//
//   session.Feed(what_came);
//   if (session.Shake() == TlsSession::Handshake::kDone) {
//     TlsSession::Got got = session.Read(buffer);
//     session.Write("answer");
//   }
//   Send(session.output()); session.Sent(so_many);
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "gateway/http/tls_context.h"

namespace chains::gateway {

// For one thread. It stays where it is.
class TlsSession {
 public:
  // `ssl` has just been made.
  explicit TlsSession(OwnedSsl ssl);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  // What the client sent. It is held until Shake() or Read() takes it, so who feeds stops reading
  // from the socket while nobody reads from here.
  void Feed(std::string_view bytes);
  // Fed, and not taken.
  size_t fed() const { return input_.size() - taken_; }
  // Whether Read() may have something without being fed.
  bool holds_input() const { return fed() > 0 || SSL_pending(ssl_.get()) > 0; }

  enum class Handshake { kGoesOn, kDone, kFailed };
  // One step, with what was fed. kFailed: problem() says why, and output() what the client is told.
  Handshake Shake();
  // "h2", "http/1.1", or empty where the client did not ask.
  std::string_view protocol() const;

  struct Got {
    size_t bytes = 0;    // 0: more has to be fed, unless it has ended
    bool ended = false;  // the client will send no more: it said so, or broke the rules
  };
  // After the handshake. An end that came from the rules is told by problem().
  Got Read(std::span<char> to);
  // Takes as much as it encrypts at once; all, unless output() is full (kMaxOutput) or it failed.
  size_t Write(std::string_view bytes);
  // Says that nothing follows.
  void End();

  static constexpr size_t kMaxOutput = 64 << 10;
  // What is to be sent to the client.
  std::string_view output() const { return std::string_view(output_).substr(sent_); }
  void Sent(size_t bytes);

  const std::string& problem() const { return problem_; }

 private:
  static BIO_METHOD* Method();
  static int OnRead(BIO* bio, char* to, int size);
  static int OnWrite(BIO* bio, const char* bytes, int size);
  static long OnControl(BIO* bio, int command, long number, void* pointer);
  void Fail(int error);

  const OwnedSsl ssl_;
  std::string input_;
  size_t taken_ = 0;
  std::string output_;
  size_t sent_ = 0;
  std::string problem_;
};

}  // namespace chains::gateway
