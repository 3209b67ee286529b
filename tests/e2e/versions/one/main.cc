// Answers which versions a request saw: "1 1".
#include <string>

#include "absl/strings/str_cat.h"
#include "chains/chain/chain.h"
#include "versions.chains.h"

namespace versions {

struct InnerOne final : Inner {
  chains::Task<InnerReply> RunRemote(InnerRequest request) override {
    if (request.text().empty()) co_return absl::InternalError("version 1 was not given its text");
    InnerReply reply;
    reply.set_version("1");
    co_return reply;
  }
};

struct OuterOne final : Outer {
  explicit OuterOne(Inner& inner) : inner_(inner) {}
  chains::Task<OuterReply> RunRemote(OuterRequest request) override {
    InnerRequest asked;
    asked.set_text(request.text());
    const InnerReply said = co_await inner_.RunRemote(asked);
    OuterReply reply;
    reply.set_result(absl::StrCat("1 ", said.version()));
    co_return reply;
  }
  Inner& inner_;
};

}  // namespace versions

int main(int argc, char** argv) {
  chains::Chain chain("versions");
  chain.Add<versions::InnerOne>();
  chain.Add<versions::OuterOne>(chains::Needs<versions::Inner>{}).Entrypoint();
  return chain.Main(argc, argv);
}
