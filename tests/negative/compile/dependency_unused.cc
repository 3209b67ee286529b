// A dependency that the constructor does not take.
// Says: chains: the constructor of a chainlet takes what Add lists, in this order and by reference
#include "shop.h"

void Declare(chains::Chain& chain) { chain.Add<shop::AnyTill>(chains::Needs<shop::Pricer>{}); }
