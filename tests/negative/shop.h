// Chainlets that break no rule.
#pragma once

#include "chains/chain/chain.h"
#include "shop.chains.h"

namespace shop {

class RealPricer : public Pricer {
 public:
  chains::Task<Price> RunRemote(Item) override { co_return Price(); }
};

// What a Till does, to derive from.
class AnyTill : public Till {
 public:
  chains::Task<Price> RunRemote(Item) override { co_return Price(); }
  chains::Stream<Price> Watch(Item) override { co_yield Price(); }
};

}  // namespace shop
