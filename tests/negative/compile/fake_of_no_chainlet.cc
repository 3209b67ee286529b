// A fake that is named by its own class.
// Says: chains: Fake<T> names the chainlet that the fake stands for
#include "chains/chain/run_local.h"
#include "shop.h"

void Run(const chains::Chain& chain) {
  shop::RealPricer fake;
  chains::RunLocal(chain, "{}", {chains::Fake<shop::RealPricer>(fake)});
}
