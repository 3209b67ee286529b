#include "shout_chain.h"

#include <cctype>
#include <string>
#include <utility>
#include <vector>

namespace shout {

chains::Task<LouderReply> UpperCase::RunRemote(LouderRequest request) {
  LouderReply reply;
  for (const char c : request.word().text()) {
    reply.mutable_word()->mutable_text()->push_back(
        static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  co_return reply;
}

chains::Task<ShoutReply> Shouter::RunRemote(ShoutRequest request) {
  std::vector<chains::Task<LouderReply>> shouting;
  for (const std::string& word : request.words()) {
    LouderRequest louder;
    louder.mutable_word()->set_text(word);
    shouting.push_back(louder_.RunRemote(std::move(louder)));
  }
  std::vector<LouderReply> shouted = co_await chains::All(std::move(shouting));

  ShoutReply reply;
  for (const LouderReply& said : shouted) {
    if (!reply.result().empty()) reply.mutable_result()->append(" ");
    reply.mutable_result()->append(said.word().text());
  }
  co_return reply;
}

}  // namespace shout
