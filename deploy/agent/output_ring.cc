#include "deploy/agent/output_ring.h"

namespace chains::deploy {

// Moved to the front only when as much again has come, so that each byte is moved once.
void OutputRing::Append(std::string_view data) {
  end_ += data.size();
  if (data.size() > capacity_) {
    bytes_.clear();  // what is here must follow on what was before
    data.remove_prefix(data.size() - capacity_);
  }
  bytes_.append(data);
  if (bytes_.size() > 2 * capacity_) bytes_.erase(0, bytes_.size() - capacity_);
}

void OutputRing::Keep(uint64_t offset) { kept_ = std::max(kept_, std::min(offset, end_)); }

std::string_view OutputRing::From(uint64_t offset, size_t most) const {
  const uint64_t from = std::clamp(offset, first(), end_);
  return std::string_view(bytes_).substr(from - first(), most);
}

}  // namespace chains::deploy
