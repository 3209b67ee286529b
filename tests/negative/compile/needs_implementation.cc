// A dependency on a class that implements a chainlet, instead of its contract.
// Says: chains: Needs<T> takes a chainlet class which protoc-gen-chains wrote
#include "shop.h"

struct MyTill : shop::AnyTill {
  explicit MyTill(shop::RealPricer&) {}
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(chains::Needs<shop::RealPricer>{}); }
