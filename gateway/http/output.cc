#include "gateway/http/output.h"

#include <algorithm>
#include <array>

namespace chains::gateway {
namespace {

constexpr size_t kPiecesAtOnce = 16;

}  // namespace

Transport::State Output::WriteTo(Transport& transport, size_t& moved) {
  while (!pieces_.empty()) {
    std::array<iovec, kPiecesAtOnce> pieces;
    const size_t count = std::min(pieces_.size(), kPiecesAtOnce);
    for (size_t i = 0; i < count; ++i) pieces[i] = {pieces_[i].data(), pieces_[i].size()};
    pieces[0] = {pieces_[0].data() + written_, pieces_[0].size() - written_};
    const Transport::Result result = transport.Write({pieces.data(), count});
    if (result.state != Transport::State::kMoved) return result.state;
    moved += result.bytes;
    written_ += result.bytes;
    while (!pieces_.empty() && written_ >= pieces_.front().size()) {
      written_ -= pieces_.front().size();
      pieces_.pop_front();
    }
  }
  return transport.Flush();
}

}  // namespace chains::gateway
