// Calls the chain from C++, with somebody else in the place of UpperCase. Prints what is said.
#include <cstdio>

#include "chains/chain/chain.h"
#include "chains/chain/run_local.h"
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
  chains::Chain chain("whisper");
  chain.Add<Quiet>();
  chain.Add<shout::Shouter>(chains::Needs<shout::Louder>{}).Entrypoint();
  shout::ShoutRequest request;
  request.add_words("psst");
  absl::StatusOr<shout::ShoutReply> reply =
      chains::RunLocal(chain, &shout::Shout::RunRemote, request);
  std::puts(reply.ok() ? reply->result().c_str() : reply.status().ToString().c_str());
  return reply.ok() ? 0 : 1;
}
