// A context between dependencies.
// Says: chains: the constructor of a chainlet takes what Add lists, in this order and by reference
// Says: and perhaps, last, a const DeploymentContext&
#include "shop.h"

struct MyTill : shop::AnyTill {
  MyTill(shop::Pricer&, const chains::DeploymentContext&, shop::Clerk&) {}
};

void Declare(chains::Chain& chain) {
  chain.Add<MyTill>(chains::Needs<shop::Pricer>{}, chains::Needs<shop::Clerk>{});
}
