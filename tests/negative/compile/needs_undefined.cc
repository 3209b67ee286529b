// A dependency on a contract whose header is not included.
// Says: chains: Needs<T> takes a chainlet class which protoc-gen-chains wrote
// Says: with its .chains.h included
#include "shop.h"

namespace bakery {
class Oven;
}
struct MyTill : shop::AnyTill {
  explicit MyTill(bakery::Oven&) {}
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(chains::Needs<bakery::Oven>{}); }
