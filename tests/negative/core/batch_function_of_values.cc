// A batch function whose replies cannot be errors of their own.
#include <vector>

#include "chains/batch/batcher.h"

using Doubler = chains::Batcher<int, int>;

#ifdef CORRECTED
Doubler::Replies Double(std::vector<int> requests) {
  return Doubler::Replies(requests.begin(), requests.end());
}
#else
std::vector<int> Double(std::vector<int> requests) { return requests; }
#endif

auto Make() { return Doubler::Create({}, Double); }
