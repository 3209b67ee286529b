// A constructor that takes its dependencies in another order.
// Says: chains: the constructor of a chainlet takes what Add lists, in this order and by reference
#include "shop.h"

struct MyTill : shop::AnyTill {
  MyTill(shop::Clerk&, shop::Pricer&) {}
};

void Declare(chains::Chain& chain) {
  chain.Add<MyTill>(chains::Needs<shop::Pricer>{}, chains::Needs<shop::Clerk>{});
}
