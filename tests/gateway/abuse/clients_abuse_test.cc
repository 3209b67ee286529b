// Clients that mean harm: slow ones, ones that stop reading, half-closed and very many.
#include <array>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/abuse/abuse_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::StartsWith;

class ClientsAbuseTest : public AbuseTest {
 protected:
  ClientsAbuseTest() : AbuseTest(Many()) {}
  static HttpOptions Many() {
    HttpOptions options;
    options.max_connections = 11000;
    return options;
  }
  std::vector<std::unique_ptr<TestClient>> ConnectMany(size_t count) {
    std::vector<std::unique_ptr<TestClient>> clients;
    while (clients.size() < count) {
      clients.push_back(Connect());
      if (clients.size() % 50 == 0) loop_.Settle();  // the backlog is short
    }
    loop_.Settle();
    Look();
    return clients;
  }
};

TEST_F(ClientsAbuseTest, EndsASlowLoris) {
  const auto lorises = ConnectMany(200);
  for (int second = 0; second < 12; ++second) {
    for (const auto& loris : lorises)
      loris->Send(second == 0 ? "POST /say HTTP/1.1\r\n" : "X: y\r\n");
    loop_.Settle();
    ExpectOthersServed();
    loop_.Advance(absl::Seconds(1));
  }
  for (const auto& loris : lorises) EXPECT_THAT(loris->Receive(), StartsWith("HTTP/1.1 408"));
  loop_.Advance(absl::Seconds(6));
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_LT(Grown(), 200 * (size_t{32} << 10));
}

TEST_F(ClientsAbuseTest, EndsAClientWhoseBodyTrickles) {
  for (const char* target : {"/say", "/listen?language=de"}) {
    const auto client = Connect();
    client->Send(Text("POST ", target, " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n",
                      "Content-Length: 1000000\r\n\r\n"));
    std::string answer;
    for (int second = 0; second < 130 && answer.empty() && !client->ended(); ++second) {
      client->Send(" ");
      loop_.Advance(absl::Seconds(1));
      answer = client->Receive();
    }
    EXPECT_TRUE(client->ended() || answer.starts_with("HTTP/1.1 408") ||
                answer.starts_with("HTTP/1.1 504"))
        << answer;
  }
  ExpectOthersServed();
}

TEST_F(ClientsAbuseTest, GivesUpOnReadersThatStop) {
  reply_.assign("\x0a\x80\x80\x80\x04", 5);
  reply_.append(8 << 20, 'x');
  std::vector<std::unique_ptr<TestClient>> readers;
  for (int i = 0; i < 5; ++i) {
    readers.push_back(Connect());
    readers.back()->ShrinkReceiveBuffer();
    readers.back()->Send(PostOf("/say", "application/json", R"({"text": "x"})"));
  }
  loop_.RunUntil([this] { return channel_.unary.calls == 6; });
  loop_.RunUntil([this] { return loop_.blocking() == 0; });
  loop_.Settle();
  reply_.clear();
  ExpectOthersServed();
  loop_.Advance(absl::Seconds(31));  // what the system's buffers took was progress
  loop_.Advance(absl::Seconds(31));
  EXPECT_EQ(server_->connections(), 0u);
  ExpectOthersServed();
}

TEST_F(ClientsAbuseTest, RefusesAMegabyteOfHeaders) {
  const std::string line = Text("X-Filler: ", std::string(1000, 'x'), "\r\n");
  for (const std::string& piece : {line, std::string(1000, 'x')}) {
    const auto client = Connect();
    client->SendAll("POST /say HTTP/1.1\r\nHost: a\r\n");
    EXPECT_THAT(SendUntilAnswered(*client, piece, 1 << 20), StartsWith("HTTP/1.1 431"));
    ExpectOthersServed();
  }
  EXPECT_LT(Grown(), size_t{1} << 20);
}

TEST_F(ClientsAbuseTest, DropsTheCallsOfHalfClosedSockets) {
  channel_.unary.takes = absl::Hours(1);
  const auto before = channel_.unary.calls;
  auto clients = ConnectMany(20);
  for (const auto& client : clients) {
    client->Send(PostOf("/say", "application/json", R"({"text": "x"})"));
  }
  loop_.Settle();
  EXPECT_EQ(channel_.unary.calls, before + 20);
  EXPECT_EQ(channel_.unary.live, 20);
  for (const auto& client : clients) client->EndSending();
  loop_.Settle();
  EXPECT_EQ(channel_.unary.live, 0);
  EXPECT_EQ(server_->connections(), 0u);
  channel_.unary.takes = absl::ZeroDuration();
  ExpectOthersServed();
}

TEST_F(ClientsAbuseTest, SurvivesClientsThatResetInTheMiddleOfAnything) {
  const std::string request =
      PostOf("/listen?language=de", "audio/wav", std::string(3000, 'x'), "Chains-Timeout: 5s\r\n");
  for (size_t size = 0; size < request.size(); size += 37) {
    const auto client = Connect();
    client->Send(std::string_view(request).substr(0, size));
    if (size % 2 == 0) loop_.Settle();
    client->Reset();
  }
  loop_.Settle();
  EXPECT_EQ(server_->connections(), 0u);
  ExpectOthersServed();
}

// A process of its own that opens idle connections, since both ends together may be more files than
// one may have.
class Crowd {
 public:
  Crowd(const std::string& address, size_t count) {
    EXPECT_EQ(pipe(orders_.data()), 0);
    const sockaddr_in at{
        .sin_family = AF_INET,
        .sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)))),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
        .sin_zero = {}};
    child_ = fork();
    if (child_ == 0) Run(at, count);
    close(orders_[0]);
  }
  ~Crowd() {
    close(orders_[1]);
    waitpid(child_, nullptr, 0);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Each sends one byte.
  void Speak() { EXPECT_EQ(write(orders_[1], "P", 1), 1); }

 private:
  // In the child, of a process that had threads: system calls only.
  [[noreturn]] void Run(const sockaddr_in& at, size_t count) {
    close(orders_[1]);
    const int first = dup(orders_[0]) + 1;  // the sockets follow
    int last = first - 1;
    for (size_t i = 0; i < count; ++i) {
      const int fd = socket(AF_INET, SOCK_STREAM, 0);
      if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0) break;
      last = fd;
    }
    char order = 0;
    while (read(orders_[0], &order, 1) == 1) {
      for (int fd = first; fd <= last; ++fd) (void)!send(fd, &order, 1, MSG_NOSIGNAL);
    }
    _exit(0);
  }

  std::array<int, 2> orders_{};
  pid_t child_ = 0;
};

// Each costs its socket and less than 8 KiB here; a byte of a request is no way to stay longer.
TEST_F(ClientsAbuseTest, HoldsTenThousandIdleConnections) {
  constexpr rlim_t kFull = 10000;
  constexpr rlim_t kOthers = 200;
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlimit before = files;
  files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, kFull + kOthers));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  const size_t count = std::min(kFull, files.rlim_cur - kOthers);
  {
    Crowd crowd(address_, count);
    loop_.RunUntil([&] { return server_->connections() == count; });
    EXPECT_LT(Grown(), count * (8 << 10));
    ExpectOthersServed();
    crowd.Speak();
    loop_.Settle();
    ExpectOthersServed();
    loop_.Advance(absl::Seconds(11));
    loop_.Advance(absl::Seconds(6));
    EXPECT_EQ(server_->connections(), 0u);
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  if (count < kFull) {
    GTEST_SKIP() << "only " << count << " connections were tried: the hard limit of open files is "
                 << files.rlim_max;
  }
}

}  // namespace
}  // namespace chains::gateway
