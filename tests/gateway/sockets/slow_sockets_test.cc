// Many clients that stop reading, or are not read: what they hold stays within a bound, and others
// go on. SLOW_SOCKETS=1000 asks for so many; without, there are few enough for CI.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <malloc.h>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "absl/strings/numbers.h"
#include "tests/gateway/sockets/sockets_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;

// Bytes of the heap that are in use; 0 where an allocator does not tell, under a sanitizer say.
size_t Allocated() {
  const struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

class SlowSocketsTest : public SocketsTest {
 protected:
  // Sockets of the file system: their buffers in the system are small and do not grow.
  SlowSocketsTest() {
    const char* const wanted = std::getenv("SLOW_SOCKETS");
    if (wanted != nullptr && !absl::SimpleAtoi(wanted, &count_)) ADD_FAILURE() << wanted;
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 64 + 2 * static_cast<rlim_t>(count_));
    setrlimit(RLIMIT_NOFILE, &files);
    Open();
    address_ = *server_->Listen(Text("unix:", socket_.string()));
  }
  ~SlowSocketsTest() override {
    clients_.clear();
    server_.reset();
    std::filesystem::remove(socket_);
  }

  // That many clients, each of which sends this after its handshake and reads nothing.
  void ConnectAll(std::string_view path, const std::string& sends) {
    for (int i = 0; i < count_; ++i) {
      clients_.push_back(std::make_unique<TestClient>(address_));
      ASSERT_TRUE(clients_.back()->connected());
      clients_.back()->Send(Handshake(path) + sends);
      if (i % 50 == 0) loop_.Settle();
    }
    loop_.Settle();
    ASSERT_EQ(channel_.live, count_);
  }
  size_t HeldByEach(size_t before) const {
    const size_t now = Allocated();
    return now > before ? (now - before) / static_cast<size_t>(count_) : 0;
  }
  void ExpectOthersToGoOn() {
    auto other = Connect("/run_remote");
    EXPECT_THAT(other->Exchange(TextFrame(R"({"text": "a"})")),
                ElementsAre(R"(text:{"text":"A"})"));
  }

  int count_ = 100;
  const std::filesystem::path socket_ =
      std::filesystem::path(::testing::TempDir()) / Text("slow_sockets_", getpid());
  std::vector<std::unique_ptr<TestClient>> clients_;
};

TEST_F(SlowSocketsTest, HoldLittleForClientsThatDoNotRead) {
  const size_t before = Allocated();
  ConnectAll("/count", TextFrame(R"({"lines": 1000000, "bytes": 10000})"));
  const int produced = talker_.produced;
  EXPECT_LT(produced, 100 * count_);  // what the system's buffers take
  RecordProperty("bytes_held_by_each", static_cast<int>(HeldByEach(before)));
  EXPECT_LT(HeldByEach(before), 96u << 10);  // a message of 13 KB as JSON, and its frame
  ExpectOthersToGoOn();
  loop_.Advance(absl::Seconds(10));
  EXPECT_EQ(talker_.produced, produced);
  for (int i = 0; i < 4; ++i) loop_.Advance(absl::Seconds(20));
  EXPECT_EQ(channel_.live, 0);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(SlowSocketsTest, HoldLittleForClientsThatAreIdle) {
  const size_t before = Allocated();
  ConnectAll("/run_remote", "");
  RecordProperty("bytes_held_by_each", static_cast<int>(HeldByEach(before)));
  EXPECT_LT(HeldByEach(before), 24u << 10);
  ExpectOthersToGoOn();
}

// An echo stops reading when nobody takes its replies, and then its clients cannot send.
TEST_F(SlowSocketsTest, HoldLittleOfWhatClientsSendAhead) {
  const size_t before = Allocated();
  ConnectAll("/run_remote", "");
  const std::string line = TextFrame(Text(R"({"text": ")", std::string(10000, 'a'), "\"}"));
  size_t sent = 1;
  for (size_t all = 0; sent > 0; all += sent) {
    ASSERT_LT(all, static_cast<size_t>(count_) << 22);
    sent = 0;
    for (const auto& client : clients_) sent += client->Send(line);
    loop_.Settle();
  }
  RecordProperty("bytes_held_by_each", static_cast<int>(HeldByEach(before)));
  EXPECT_LT(HeldByEach(before), 160u << 10);  // messages of both directions, and what was read
  ExpectOthersToGoOn();
}

}  // namespace
}  // namespace chains::gateway
