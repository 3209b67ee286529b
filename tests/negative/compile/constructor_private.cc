// A constructor that nobody may call.
// Says: chains: the constructor of a chainlet takes what Add lists, in this order and by reference
#include "shop.h"

class MyTill : public shop::AnyTill {
  explicit MyTill(shop::Pricer&) {}
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(chains::Needs<shop::Pricer>{}); }
