// A client of an implementation instead of its contract.
// Says: chains: Client<T> takes a chainlet class which protoc-gen-chains wrote
#include "chains/chain/client.h"
#include "shop.h"

void Call() { chains::Client<shop::RealPricer> client("127.0.0.1:9001"); }
