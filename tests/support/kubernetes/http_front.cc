#include "tests/support/kubernetes/http_front.h"

#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "tests/support/kubernetes/refusal.h"

namespace chains::deploy::fake {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Request = http::request<http::string_body>;
using Error = boost::system::error_code;

constexpr uint64_t kMaxBody = 64 << 20;
constexpr absl::Duration kTimeout = absl::Seconds(60);

std::string HeaderOf(const Request& request, http::field field) {
  const auto value = request[field];
  return {value.data(), value.size()};
}

}  // namespace

// Threads: one that accepts, one for each connection. They end when their sockets are shut down.
class HttpFront::Impl {
 public:
  Impl(ApiServer& server, std::string token) : server_(server), token_(std::move(token)) {}

  absl::Status Listen(uint16_t port) {
    Error error;
    const asio::ip::tcp::endpoint at(asio::ip::address_v4::loopback(), port);
    acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return absl::UnavailableError(Text("cannot listen: ", error.message()));
    port_ = acceptor_.local_endpoint(error).port();
    accepting_ = std::thread([this] { Accept(); });
    return absl::OkStatus();
  }

  ~Impl() {
    Error ignored;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (Connection& each : connections_) {
        each.socket.shutdown(asio::socket_base::shutdown_both, ignored);
      }
    }
    server_.DropWatches();
    // A thread that waits in accept() is woken by a connection.
    asio::ip::tcp::socket wake(context_);
    wake.connect({asio::ip::address_v4::loopback(), port_}, ignored);
    if (accepting_.joinable()) accepting_.join();
    for (Connection& each : connections_) each.thread.join();
  }

  uint16_t port() const { return port_; }
  const std::string& token() const { return token_; }

 private:
  struct Connection {
    explicit Connection(asio::ip::tcp::socket accepted) : socket(std::move(accepted)) {}
    asio::ip::tcp::socket socket;
    std::thread thread;
  };

  void Accept() {
    while (true) {
      Error error;
      asio::ip::tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      const std::lock_guard lock(mutex_);
      if (error || stopping_) return;
      Connection& connection = connections_.emplace_back(std::move(socket));
      connection.thread = std::thread([this, &connection] { Serve(connection.socket); });
    }
  }

  void Serve(asio::ip::tcp::socket& socket) {
    WorkerPool workers;
    LocalLoop loop(workers);
    beast::flat_buffer buffer;
    Error error;
    while (!error) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(kMaxBody);
      http::read(socket, buffer, parser, error);
      if (error) break;
      const Request request = parser.release();
      if (!AnswerTo(request, socket, loop)) break;
    }
    socket.shutdown(asio::socket_base::shutdown_both, error);
  }

  // False: nothing more is read from this connection.
  bool AnswerTo(const Request& request, asio::ip::tcp::socket& socket, LocalLoop& loop) {
    if (!token_.empty() && HeaderOf(request, http::field::authorization) != "Bearer " + token_) {
      return Write(socket, request, Refusal(401, "Unauthorized", "Unauthorized"));
    }
    const std::string target(request.target().data(), request.target().size());
    const std::optional<ApiRequest> parsed = ParseRequest("GET", target);
    if (request.method() == http::verb::get && parsed && parsed->Verb() == "watch") {
      return Follow(target, request, socket, loop);
    }
    const auto method = request.method_string();
    HttpRequest asked({method.data(), method.size()}, target, request.body(),
                      HeaderOf(request, http::field::content_type));
    absl::StatusOr<HttpResponse> answer = Wait(server_.Send(std::move(asked), kTimeout), loop);
    server_.With([](ApiCore& core) {
      while (Writer(core.store(), absl::Now()).CollectGarbage()) {
      }
    });
    return answer.ok() && Write(socket, request, *answer);
  }

  static bool Write(asio::ip::tcp::socket& socket, const Request& request,
                    const HttpResponse& answer) {
    http::response<http::string_body> response(static_cast<http::status>(answer.status),
                                               request.version());
    for (const auto& [name, value] : answer.headers) response.set(name, value);
    response.keep_alive(request.keep_alive());
    response.body() = answer.body;
    response.prepare_payload();
    Error error;
    http::write(socket, response, error);
    return !error && request.keep_alive();
  }

  bool Follow(const std::string& target, const Request& request, asio::ip::tcp::socket& socket,
              LocalLoop& loop) {
    // What is written blocks this thread, which is nobody else's.
    const absl::StatusOr<chains::internal::Stored<bool>> ended =
        Wait(WriteLines(target, &request, &socket), loop);
    return ended.ok() && *ended;
  }

  Task<bool> WriteLines(std::string target, const Request* request, asio::ip::tcp::socket* socket) {
    HttpRequest asked("GET", std::move(target));
    chains::Stream<HttpResponse> lines = server_.Follow(std::move(asked), absl::Minutes(3));
    const std::optional<HttpResponse> head = co_await lines.Next();
    if (!head) co_return false;
    if (head->status != 200) co_return Write(*socket, *request, *head);
    http::response<http::empty_body> response(http::status::ok, request->version());
    response.set(http::field::content_type, "application/json");
    response.chunked(true);
    http::response_serializer<http::empty_body> serializer(response);
    Error error;
    http::write_header(*socket, serializer, error);
    while (!error) {
      const std::optional<HttpResponse> line = co_await lines.Next();
      if (!line) break;
      const std::string text = line->body + "\n";
      asio::write(*socket, http::make_chunk(asio::buffer(text)), error);
    }
    if (!error) asio::write(*socket, http::make_chunk_last(), error);
    co_return !error;
  }

  ApiServer& server_;
  const std::string token_;
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_{context_};
  uint16_t port_ = 0;
  std::thread accepting_;
  std::mutex mutex_;
  bool stopping_ = false;              // guarded by mutex_
  std::list<Connection> connections_;  // grows under mutex_
};

HttpFront::HttpFront(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpFront::~HttpFront() = default;

absl::StatusOr<std::unique_ptr<HttpFront>> HttpFront::Listen(ApiServer& server, uint16_t port,
                                                             std::string token) {
  auto impl = std::make_unique<Impl>(server, std::move(token));
  if (absl::Status listening = impl->Listen(port); !listening.ok()) return listening;
  return std::unique_ptr<HttpFront>(new HttpFront(std::move(impl)));
}

uint16_t HttpFront::port() const { return impl_->port(); }

std::string HttpFront::Kubeconfig() const {
  const Json cluster = {{"name", "double"},
                        {"cluster", {{"server", Text("http://127.0.0.1:", port())}}}};
  const Json user = {{"name", "double"}, {"user", {{"token", impl_->token()}}}};
  const Json context = {
      {"name", "double"},
      {"context", {{"cluster", "double"}, {"user", "double"}, {"namespace", "chains"}}}};
  return ToYaml({{"apiVersion", "v1"},
                 {"kind", "Config"},
                 {"current-context", "double"},
                 {"clusters", Json::array({cluster})},
                 {"users", Json::array({user})},
                 {"contexts", Json::array({context})}});
}

}  // namespace chains::deploy::fake
