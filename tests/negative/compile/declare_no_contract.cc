// An implementation where a contract belongs.
// Says: chains: Declare<T> takes a chainlet class which protoc-gen-chains wrote
#include "shop.h"

void Declare(chains::Chain& chain) { chain.Declare<shop::AnyTill>(); }
