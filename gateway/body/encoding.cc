#include "gateway/body/encoding.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "chains/core/text.h"
#include "gateway/body/decoder.h"
#include "gateway/body/encoder.h"
#include "gateway/body/turn.h"

namespace chains::gateway {
namespace {

absl::Status TooLarge(uint64_t max_bytes) {
  return absl::ResourceExhaustedError(
      Text("the body is larger than ", max_bytes, " bytes when unpacked"));
}

absl::Status CutOff(Encoding encoding) {
  return absl::InvalidArgumentError(
      Text("the body ends in the middle of what should be ", NameOf(encoding)));
}

bool Is(std::string_view text, std::string_view name) {
  return absl::EqualsIgnoreCase(ToAbsl(text), ToAbsl(name));
}

std::string_view Stripped(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

// What comes before `separator`, which is taken off `rest` with it.
std::string_view TakeUntil(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return Stripped(part);
}

// In thousandths; what is no number between 0 and 1 counts as 0.
int QualityOf(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = TakeUntil(parameters, ';');
    if (!Is(TakeUntil(value, '='), "q")) continue;
    double quality = 0;
    if (!absl::SimpleAtod(ToAbsl(value), &quality)) return 0;
    return quality > 0 && quality <= 1 ? static_cast<int>(quality * 1000) : 0;
  }
  return 1000;
}

// By Encoding; -1 where nothing was said.
using Qualities = std::array<int, 3>;

Qualities QualitiesOf(std::string_view accept_encoding) {
  Qualities said = {-1, -1, -1};
  int others = -1;
  while (!accept_encoding.empty()) {
    std::string_view parameters = TakeUntil(accept_encoding, ',');
    const std::string_view name = TakeUntil(parameters, ';');
    const int quality = QualityOf(parameters);
    if (Is(name, "*")) {
      others = quality;
    } else if (Is(name, "gzip") || Is(name, "x-gzip")) {
      said[static_cast<size_t>(Encoding::kGzip)] = quality;
    } else if (Is(name, "zstd")) {
      said[static_cast<size_t>(Encoding::kZstd)] = quality;
    } else if (Is(name, "identity")) {
      said[static_cast<size_t>(Encoding::kIdentity)] = quality;
    }
  }
  for (int& quality : said) {
    if (quality < 0) quality = others;
  }
  return said;
}

}  // namespace

std::string_view NameOf(Encoding encoding) {
  switch (encoding) {
    case Encoding::kGzip:
      return "gzip";
    case Encoding::kZstd:
      return "zstd";
    default:
      return "identity";
  }
}

absl::StatusOr<Encoding> EncodingOf(std::optional<std::string_view> content_encoding) {
  if (!content_encoding) return Encoding::kIdentity;
  const std::string_view name = Stripped(*content_encoding);
  if (name.empty() || Is(name, "identity")) return Encoding::kIdentity;
  if (Is(name, "gzip") || Is(name, "x-gzip")) return Encoding::kGzip;
  if (Is(name, "zstd")) return Encoding::kZstd;
  return absl::UnimplementedError(
      Text("Content-Encoding is gzip or zstd here, not ", name.substr(0, 100)));
}

Encoding ChosenEncoding(std::string_view accept_encoding) {
  const Qualities said = QualitiesOf(accept_encoding);
  // Silence about identity makes it the last resort, not the favourite.
  int best = std::max(said[static_cast<size_t>(Encoding::kIdentity)], 0);
  Encoding chosen = Encoding::kIdentity;
  for (const Encoding encoding : {Encoding::kZstd, Encoding::kGzip}) {
    const int quality = said[static_cast<size_t>(encoding)];
    const bool likes = chosen == Encoding::kIdentity ? quality >= best : quality > best;
    if (quality <= 0 || !likes) continue;
    best = quality;
    chosen = encoding;
  }
  return chosen;
}

absl::StatusOr<std::string> Decode(std::string_view body, Encoding encoding, uint64_t max_bytes,
                                   ByteBudget::Hold* hold) {
  if (encoding == Encoding::kIdentity) {
    if (body.size() > max_bytes) return TooLarge(max_bytes);
    return std::string(body);
  }
  const std::unique_ptr<Decoder> decoder = Decoder::Of(encoding);
  std::string plain;
  std::string window;
  do {
    const absl::Status status = decoder->Step(body, window, kDecodedWindow);
    if (!status.ok()) return status;
    if (window.size() > max_bytes - plain.size()) return TooLarge(max_bytes);
    if (hold != nullptr && !hold->Grow(window.size())) {
      return absl::UnavailableError("too many large requests at once, try again");
    }
    plain += window;
  } while (window.size() == kDecodedWindow || !body.empty());
  if (!decoder->whole()) return CutOff(encoding);
  return plain;
}

Stream<std::string> Decoded(Stream<std::string> pieces, Encoding encoding, uint64_t max_bytes) {
  const std::unique_ptr<Decoder> decoder =
      encoding == Encoding::kIdentity ? nullptr : Decoder::Of(encoding);
  uint64_t left = max_bytes;
  while (std::optional<std::string> piece = co_await pieces.Next()) {
    if (decoder == nullptr) {
      if (piece->size() > left) co_await TooLarge(max_bytes);
      left -= piece->size();
      co_yield *std::move(piece);
      continue;
    }
    std::string_view in = *piece;
    for (bool full = true; full || !in.empty();) {
      std::string window;
      co_await decoder->Step(in, window, kDecodedWindow);
      full = window.size() == kDecodedWindow;
      if (window.size() > left) co_await TooLarge(max_bytes);
      left -= window.size();
      if (!window.empty()) co_yield std::move(window);
      if (full) co_await NextTurn();
    }
  }
  if (decoder != nullptr && !decoder->whole()) co_await CutOff(encoding);
}

absl::StatusOr<std::string> Encode(std::string_view body, Encoding encoding) {
  if (encoding == Encoding::kIdentity) return std::string(body);
  const std::unique_ptr<Encoder> encoder = Encoder::Of(encoding, Encoder::Use::kWhole);
  std::string packed;
  absl::Status status = encoder->Add(body, packed);
  if (status.ok()) status = encoder->Finish(packed);
  if (!status.ok()) return status;
  return packed;
}

Stream<std::string> Encoded(Stream<std::string> pieces, Encoding encoding) {
  const std::unique_ptr<Encoder> encoder =
      encoding == Encoding::kIdentity ? nullptr : Encoder::Of(encoding, Encoder::Use::kStream);
  while (std::optional<std::string> piece = co_await pieces.Next()) {
    if (encoder == nullptr) {
      co_yield *std::move(piece);
      continue;
    }
    std::string packed;
    co_await encoder->Add(*piece, packed);
    co_yield std::move(packed);
  }
  if (encoder == nullptr) co_return;
  std::string end;
  co_await encoder->Finish(end);
  co_yield std::move(end);
}

}  // namespace chains::gateway
