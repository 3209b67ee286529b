#include "gateway/body/accept.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

std::string_view Trimmed(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

// The part before `separator`, which is taken off `rest`.
std::string_view TakePart(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  const std::string_view part = Trimmed(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

// Of 0 to 1; nullopt where it is no weight.
std::optional<double> WeightOf(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = TakePart(parameters, ';');
    if (!absl::StartsWithIgnoreCase(ToAbsl(parameter), "q=")) continue;
    double weight = 0;
    const bool is_weight =
        absl::SimpleAtod(ToAbsl(parameter.substr(2)), &weight) && weight >= 0 && weight <= 1;
    return is_weight ? std::optional<double>(weight) : std::nullopt;
  }
  return 1;
}

// How well a range names a type: 0 not at all, 3 exactly.
int Fit(std::string_view range, std::string_view type) {
  if (absl::EqualsIgnoreCase(ToAbsl(range), ToAbsl(type))) return 3;
  if (range == "*/*" || range == "*") return 1;
  const bool any_of_kind =
      range.ends_with("/*") &&
      absl::StartsWithIgnoreCase(ToAbsl(type), ToAbsl(range.substr(0, range.size() - 1)));
  return any_of_kind ? 2 : 0;
}

struct Liking {
  double weight = 0;
  int fit = 0;
  size_t place = 0;  // in the header
};

// By the range that names the type best.
Liking LikingFor(std::string_view type, std::string_view accept) {
  Liking liking;
  for (size_t place = 0; !accept.empty(); ++place) {
    std::string_view parameters = TakePart(accept, ',');
    const int fit = Fit(TakePart(parameters, ';'), type);
    const std::optional<double> weight = WeightOf(parameters);
    if (fit > liking.fit && weight) liking = {.weight = *weight, .fit = fit, .place = place};
  }
  return liking;
}

}  // namespace

std::optional<size_t> BestType(std::string_view accept, std::span<const std::string_view> types) {
  std::optional<size_t> best;
  Liking liked;
  for (size_t i = 0; i < types.size(); ++i) {
    const Liking liking = LikingFor(types[i], accept);
    const bool better = liking.weight > liked.weight ||
                        (best && liking.weight == liked.weight && liking.place < liked.place);
    if (liking.weight <= 0 || !better) continue;
    best = i;
    liked = liking;
  }
  return best;
}

}  // namespace chains::gateway
