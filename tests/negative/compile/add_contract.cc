// A contract where its implementation belongs.
// Says: chains: Add<I> takes a class that implements a contract, and this is the contract itself
#include "shop.h"

void Declare(chains::Chain& chain) { chain.Add<shop::Till>(); }
