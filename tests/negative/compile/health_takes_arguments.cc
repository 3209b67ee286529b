// A health hook that wants arguments.
// Says: chains: the health hook of a chainlet is absl::Status Healthy(), public
#include "shop.h"

struct MyTill : shop::AnyTill {
  absl::Status Healthy(absl::Duration) { return absl::OkStatus(); }
  absl::Status Healthy(int) { return absl::OkStatus(); }
};

void Declare(chains::Chain& chain) { chain.Add<MyTill>(); }
