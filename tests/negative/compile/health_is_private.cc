// A health hook that nobody may call.
// Says: chains: the health hook of a chainlet is absl::Status Healthy(), public
#include "shop.h"

class MyTill : public shop::AnyTill {
  absl::Status Healthy() { return absl::OkStatus(); }
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(); }
