// A dependency that Add does not list.
// Says: chains: the constructor of a chainlet takes what Add lists, in this order and by reference
#include "shop.h"

struct MyTill : shop::AnyTill {
  explicit MyTill(shop::Pricer&) {}
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(chains::Resources{.cpus = 2}); }
