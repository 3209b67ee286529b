// A test as the author of a chainlet writes it: the chainlet, a fake in its constructor, and the
// kit.
#include <cstdio>

#include "chains/testing/testing.h"
#include "shout_chain.h"

namespace {

class Quiet final : public shout::Louder {
 public:
  chains::Task<shout::LouderReply> RunRemote(shout::LouderRequest request) override {
    shout::LouderReply reply;
    *reply.mutable_word() = request.word();
    co_return reply;
  }
};

}  // namespace

int main() {
  Quiet quiet;
  shout::Shouter shouter(quiet);
  shout::ShoutRequest request;
  request.add_words("psst");
  absl::StatusOr<shout::ShoutReply> reply = chains::testing::Wait(shouter.RunRemote(request));
  if (!reply.ok() || reply->result() != "psst") {
    std::fprintf(stderr, "%s\n", reply.status().ToString().c_str());
    return 1;
  }
  return 0;
}
