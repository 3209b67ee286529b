// A stream where the contract has one answer. C++ itself says so, and shows both declarations.
// Says (g++): error: invalid covariant return type
// Says (g++): overridden function is 'virtual chains::Task<shop::Price> shop::Clerk::RunRemote
// Says (clang++): error: virtual function 'RunRemote' has a different return type
// Says (clang++): overridden virtual function is here
#include "shop.h"

struct MyClerk : shop::Clerk {
  chains::Stream<shop::Price> RunRemote(shop::Item) override { co_yield shop::Price(); }
};

void Declare(chains::Chain& chain) { chain.Add<MyClerk>(); }
