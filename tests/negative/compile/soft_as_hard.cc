// A constructor that takes a chainlet which its declaration can do without as one that is there.
// Says: chains: the constructor of a chainlet takes what Add lists, in this order and by reference
#include "shop.h"

struct MyTill : shop::AnyTill {
  explicit MyTill(shop::Pricer&) {}
};

void Declare(chains::Chain& chain) {
  chain.Add<MyTill>(chains::Softly(chains::Needs<shop::Pricer>{}));
}
