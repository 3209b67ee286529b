#include "chains/main/frontend.h"

namespace chains {

std::unique_ptr<Frontend> MakeFrontend() { return nullptr; }

}  // namespace chains
