// Many clients that stop reading, or are not read: what they hold stays within a bound.
#include "tests/gateway/sockets/sockets_fixture.h"

namespace chains::gateway {
namespace {

TEST_F(SocketsTest, StopsTheProducerOfAClientThatDoesNotRead) {
  Open();
  auto client = Client();
  ASSERT_TRUE(client->Open("/count").starts_with("HTTP/1.1 101 "));
  client->socket().Send(TextFrame(R"({"lines": 1000000, "bytes": 10000})"));
  loop_.Settle();
  const int produced = talker_.produced;
  EXPECT_LT(produced, 1000);  // what the system's buffers take
  loop_.Advance(absl::Seconds(1));
  EXPECT_EQ(talker_.produced, produced);
}

}  // namespace
}  // namespace chains::gateway
