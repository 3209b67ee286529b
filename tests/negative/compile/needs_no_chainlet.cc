// A dependency on something that is no chainlet.
// Says: chains: Needs<T> takes a chainlet class which protoc-gen-chains wrote
#include "shop.h"

struct Plain {};
struct MyTill : shop::AnyTill {
  explicit MyTill(Plain&) {}
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(chains::Needs<Plain>{.attempts = 2}); }
