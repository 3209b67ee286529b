// Answers which versions a request saw: "2 2".
#include "absl/strings/str_cat.h"
#include "chains/chain/chain.h"
#include "versions.chains.h"

namespace versions {

struct InnerTwo final : Inner {
  chains::Task<InnerReply> RunRemote(InnerRequest request) override {
    if (request.text().letters().empty()) {
      co_return absl::InternalError("version 2 was not given its letters");
    }
    InnerReply reply;
    reply.set_version(2);
    co_return reply;
  }
};

struct OuterTwo final : Outer {
  explicit OuterTwo(Inner& inner) : inner_(inner) {}
  chains::Task<OuterReply> RunRemote(OuterRequest request) override {
    InnerRequest asked;
    for (const char letter : request.text()) asked.mutable_text()->add_letters(letter);
    const InnerReply said = co_await inner_.RunRemote(asked);
    OuterReply reply;
    reply.set_result(absl::StrCat("2 ", said.version()));
    co_return reply;
  }
  Inner& inner_;
};

}  // namespace versions

int main(int argc, char** argv) {
  chains::Chain chain("versions");
  chain.Add<versions::InnerTwo>();
  chain.Add<versions::OuterTwo>(chains::Needs<versions::Inner>{}).Entrypoint();
  return chain.Main(argc, argv);
}
