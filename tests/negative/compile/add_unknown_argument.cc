// An argument of Add that says nothing about a chainlet.
// Says: chains: Add takes Needs<T>, Softly(Needs<T>), Shared<T>, Resources, Autoscaling, Limits
#include "shop.h"

void Declare(chains::Chain& chain) { chain.Add<shop::AnyTill>(3); }
