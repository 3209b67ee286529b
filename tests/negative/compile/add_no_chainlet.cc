// A target that is no chainlet.
// Says: chains: Add<I> takes a class that derives, publicly, from one chainlet class
#include "shop.h"

struct Plain {};

void Declare(chains::Chain& chain) { chain.Add<Plain>(); }
