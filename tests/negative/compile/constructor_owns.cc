// A constructor that wants to own its dependency.
// Says: chains: the constructor of a chainlet takes what Add lists, in this order and by reference
#include "shop.h"

struct MyTill : shop::AnyTill {
  explicit MyTill(std::unique_ptr<shop::Pricer>) {}
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(chains::Needs<shop::Pricer>{}); }
