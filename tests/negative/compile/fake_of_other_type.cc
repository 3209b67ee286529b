// A fake that stands for another chainlet.
// Says: chains: this fake does not stand for that chainlet: it must derive from
#include "chains/chain/run_local.h"
#include "shop.h"

void Run(const chains::Chain& chain) {
  shop::RealPricer fake;
  chains::RunLocal(chain, "{}", {chains::Fake<shop::Till>(fake)});
}
