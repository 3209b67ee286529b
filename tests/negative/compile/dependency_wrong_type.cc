// A constructor that takes another chainlet than Add lists.
// Says: chains: the constructor of a chainlet takes what Add lists, in this order and by reference
#include "shop.h"

struct MyTill : shop::AnyTill {
  explicit MyTill(shop::Clerk&) {}
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(chains::Needs<shop::Pricer>{}); }
