// A method that takes its message by reference.
// Says: chains: this chainlet does not implement every method of its contract
#include "shop.h"

struct MyClerk : shop::Clerk {
  chains::Task<shop::Price> RunRemote(const shop::Item&) override { co_return shop::Price(); }
};

void Declare(chains::Chain& chain) { chain.Add<MyClerk>(); }
