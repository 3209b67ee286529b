// A context that is not last.
// Says: chains: the constructor of a chainlet takes the DeploymentContext last
#include "shop.h"

struct MyTill : shop::AnyTill {
  MyTill(const chains::DeploymentContext&, shop::Pricer&) {}
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(chains::Needs<shop::Pricer>{}); }
