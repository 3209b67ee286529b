// A method that takes something else than its contract says.
// Says: chains: this chainlet does not implement every method of its contract
#include "shop.h"

struct MyClerk : shop::Clerk {
  chains::Task<shop::Price> RunRemote(const std::string&) { co_return shop::Price(); }
};

void Declare(chains::Chain& chain) { chain.Add<MyClerk>(); }
