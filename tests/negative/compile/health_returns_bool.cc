// A health hook that answers something else.
// Says: chains: the health hook of a chainlet is absl::Status Healthy(), public
#include "shop.h"

struct MyTill : shop::AnyTill {
  bool Healthy() { return true; }
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(); }
