// A parameter that is no dependency.
// Says: chains: the constructor of a chainlet takes what Add lists, in this order and by reference
#include "shop.h"

struct MyTill : shop::AnyTill {
  MyTill(shop::Pricer&, int) {}
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(chains::Needs<shop::Pricer>{}); }
