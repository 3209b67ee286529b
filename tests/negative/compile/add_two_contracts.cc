// A class that implements two contracts.
// Says: chains: Add<I> takes a class that derives, publicly, from one chainlet class
#include "shop.h"

class Both : public shop::AnyTill, public shop::RealPricer {};

void Declare(chains::Chain& chain) { chain.Add<Both>(); }
