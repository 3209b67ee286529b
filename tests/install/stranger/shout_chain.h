// The chainlets of a chain that shouts.
#pragma once

#include "chains/chains.h"
#include "shout/shout.chains.h"

namespace shout {

class UpperCase final : public Louder {
 public:
  chains::Task<LouderReply> RunRemote(LouderRequest request) override;
};

class Shouter final : public Shout {
 public:
  explicit Shouter(Louder& louder) : louder_(louder) {}
  chains::Task<ShoutReply> RunRemote(ShoutRequest request) override;

 private:
  Louder& louder_;
};

}  // namespace shout
