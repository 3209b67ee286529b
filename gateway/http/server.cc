#include "gateway/http/server.h"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "gateway/http/http1_connection.h"
#include "gateway/http/tls_handshake.h"
#include "gateway/http/tls_transport.h"
#include "gateway/http/transport.h"

namespace chains::gateway {
namespace {

constexpr int kAcceptedAtOnce = 64;
constexpr absl::Duration kPause = absl::Milliseconds(100);

}  // namespace

// One socket that listens. It pauses where there is no room, or no descriptor, for one more.
class HttpServer::Acceptor final : private SocketLoop::Watcher, private Loop::Timer {
 public:
  // `tls` is null where clients speak HTTP at once.
  Acceptor(HttpServer& server, Listening listening, std::unique_ptr<TlsContext> tls)
      : server_(server), listening_(std::move(listening)), tls_(std::move(tls)) {}
  ~Acceptor() override {
    server_.shared_.sockets.Stop(listening_.socket.fd(), *this);
    if (!listening_.unix_path.empty()) unlink(listening_.unix_path.c_str());
  }

  bool Start() { return server_.shared_.sockets.Watch(listening_.socket.fd(), *this, EPOLLIN); }
  void Resume() {
    Disarm();
    server_.shared_.sockets.Change(listening_.socket.fd(), *this, EPOLLIN);
  }

 private:
  void OnEvents(uint32_t) override {
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      if (server_.IsFull() && server_.shared_.idle.empty()) return Pause();
      const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
      Socket socket(accept4(listening_.socket.fd(), nullptr, nullptr, flags));
      if (socket.fd() < 0) {
        const bool out_of_something =
            errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        if (out_of_something) Pause();
        return;
      }
      const int on = 1;
      setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on,
                 sizeof(on));  // no matter on unix sockets
      server_.Add(std::move(socket), tls_.get());
    }
  }
  void Fire() override { Resume(); }
  void Pause() {
    server_.shared_.sockets.Change(listening_.socket.fd(), *this, 0);
    server_.shared_.loop.Arm(*this, server_.shared_.loop.Now() + kPause);
  }

  HttpServer& server_;
  const Listening listening_;
  const std::unique_ptr<TlsContext> tls_;
};

HttpServer::HttpServer(Loop& loop, SocketLoop& sockets, Handler& handler, HttpOptions options)
    : shared_{.loop = loop,
              .sockets = sockets,
              .handler = handler,
              .options = options,
              .idle = {},
              .date = {},
              .scratch = {}} {}

HttpServer::~HttpServer() {
  acceptors_.clear();
  CloseAll();
}

absl::StatusOr<std::string> HttpServer::Listen(std::string_view address) {
  return ListenTls(address, nullptr);
}

absl::StatusOr<std::string> HttpServer::ListenTls(std::string_view address,
                                                  std::unique_ptr<TlsContext> tls) {
  absl::StatusOr<Listening> listening = gateway::Listen(address);
  if (!listening.ok()) return listening.status();
  std::string bound = listening->address;
  auto acceptor = std::make_unique<Acceptor>(*this, *std::move(listening), std::move(tls));
  if (!acceptor->Start()) return absl::UnavailableError("the system watches no more sockets");
  acceptors_.push_back(std::move(acceptor));
  return bound;
}

bool HttpServer::IsFull() const { return connections_.size() >= shared_.options.max_connections; }

void HttpServer::Add(Socket socket, TlsContext* tls) {
  ++accepted_;
  if (IsFull()) shared_.idle.front()->Close();
  Connection::Owner& owner = *this;
  auto plain = std::make_unique<PlainTransport>(std::move(socket));
  if (tls == nullptr) {
    return Begin(std::make_unique<Http1Connection>(std::move(plain), "", shared_, owner));
  }
  OwnedSsl ssl = tls->NewConnection(shared_.loop.Now());
  if (ssl == nullptr) return;
  auto transport = std::make_unique<TlsTransport>(std::move(plain), std::move(ssl));
  Begin(std::make_unique<TlsHandshake>(std::move(transport), shared_, owner));
}

void HttpServer::Begin(std::unique_ptr<Connection> connection) {
  Connection& added = *connection;
  connections_[&added] = std::move(connection);
  added.Start();
}

void HttpServer::Drain(absl::Time deadline, absl::AnyInvocable<void()> done) {
  shared_.draining = true;
  drained_ = std::move(done);
  acceptors_.clear();
  std::vector<Connection*> all;
  for (const auto& [connection, owned] : connections_) all.push_back(connection);
  for (Connection* connection : all) connection->Drain();
  shared_.loop.Arm(deadline_, deadline);
  shared_.loop.Ready(*this);
}

void HttpServer::CloseAll() {
  while (!connections_.empty()) connections_.begin()->first->Close();
}

void HttpServer::Closed(Connection& connection) { Discard(connection); }

void HttpServer::Becomes(Connection& connection, std::unique_ptr<Connection> next) {
  Discard(connection);
  Begin(std::move(next));
}

// Somewhere above on the stack the connection may be at work.
void HttpServer::Discard(Connection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  closed_.push_back(std::move(found->second));
  connections_.erase(found);
  shared_.loop.Ready(*this);
}

void HttpServer::Run() {
  closed_.clear();
  for (const auto& acceptor : acceptors_) acceptor->Resume();
  if (!connections_.empty() || !drained_) return;
  deadline_.Disarm();
  std::exchange(drained_, nullptr)();
}

}  // namespace chains::gateway
