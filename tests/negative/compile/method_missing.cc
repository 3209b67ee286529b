// A method of the contract that is not implemented.
// Says: chains: this chainlet does not implement every method of its contract
#include "shop.h"

struct MyTill : shop::Till {
  chains::Task<shop::Price> RunRemote(shop::Item) override { co_return shop::Price(); }
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(); }
