#include "phi/rope.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "chains/core/text.h"

namespace poems::phi {
namespace {

using chains::Text;

constexpr int64_t kMaxPositions = int64_t{1} << 24;

// Where the rotary keys are: in `scaling`, else beside it.
struct Keys {
  JsonObject& config;
  std::string name;  // of `scaling`
  std::optional<JsonObject> scaling;

  JsonObject& Of(std::string_view key) { return scaling && scaling->Has(key) ? *scaling : config; }
  absl::Status status() const {
    return config.ok() && scaling ? scaling->status() : config.status();
  }
};

// Which kind of scaling; empty for none.
std::string Type(Keys& keys) {
  if (!keys.scaling) return "";
  // "su" and "yarn" are what the first releases called it.
  const std::string_view key = keys.scaling->Has("rope_type") ? "rope_type" : "type";
  const std::string type = keys.scaling->String(key);
  if (type == "default") return "";
  if (type != "longrope" && type != "su" && type != "yarn")
    keys.scaling->Refuse(key, Text("is \"", type, "\"; only longrope (su) is supported"));
  for (const std::string_view other : {"short_mscale", "long_mscale"})
    if (keys.scaling->Has(other)) keys.scaling->Refuse(other, "is not supported");
  return type;
}

double Positive(JsonObject& object, std::string_view key, double otherwise, double most) {
  const double value = object.Number(key, otherwise);
  if (!(value > 0 && value <= most)) object.Refuse(key, Text("must be over 0, at most ", most));
  return value;
}

std::vector<float> Frequencies(double theta, int32_t rotary_dim,
                               const std::vector<double>& factors) {
  std::vector<float> frequencies(static_cast<size_t>(rotary_dim / 2));
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / rotary_dim;
    const double factor = factors.empty() ? 1.0 : factors[i];
    frequencies[i] = static_cast<float>(1.0 / (factor * std::pow(theta, exponent)));
  }
  return frequencies;
}

std::vector<double> Factors(JsonObject& scaling, std::string_view key, int32_t rotary_dim) {
  const auto wanted = static_cast<size_t>(rotary_dim / 2);
  std::vector<double> factors = scaling.Numbers(key, wanted);
  if (factors.size() != wanted)
    scaling.Refuse(key, Text("must have ", wanted, " elements, half of what turns in a head, not ",
                             factors.size()));
  const auto usable = [](double factor) { return factor >= 1e-6 && factor <= 1e6; };
  if (!std::ranges::all_of(factors, usable))
    scaling.Refuse(key, "must have elements from 0.000001 to 1000000");
  return factors;
}

void ReadLongRope(Keys& keys, double theta, int32_t max_positions, Rope& rope) {
  JsonObject& scaling = *keys.scaling;
  const std::vector<double> short_factors = Factors(scaling, "short_factor", rope.rotary_dim);
  const std::vector<double> long_factors = Factors(scaling, "long_factor", rope.rotary_dim);
  // The model's own key has precedence, and 4096 is Phi3Config's default.
  constexpr std::string_view kOriginal = "original_max_position_embeddings";
  JsonObject& holder = keys.config.Has(kOriginal) ? keys.config : scaling;
  const double original = static_cast<double>(holder.Integer(kOriginal, {2, kMaxPositions}, 4096));
  const double factor = max_positions / original;
  const double computed = factor > 1 ? std::sqrt(1 + std::log(factor) / std::log(original)) : 1.0;
  rope.scale = static_cast<float>(Positive(scaling, "attention_factor", computed, 100));
  if (!keys.status().ok()) return;
  rope.original_max_positions = std::min(static_cast<int32_t>(original), max_positions);
  rope.short_frequencies = Frequencies(theta, rope.rotary_dim, short_factors);
  rope.long_frequencies = Frequencies(theta, rope.rotary_dim, long_factors);
}

}  // namespace

absl::StatusOr<Rope> ReadRope(JsonObject& config, const RopeShape& shape) {
  const std::string name = config.Has("rope_scaling") ? "rope_scaling" : "rope_parameters";
  Keys keys{config, name, config.Object(name)};
  const double theta = Positive(keys.Of("rope_theta"), "rope_theta", 10000, 1e12);
  constexpr std::string_view kPartial = "partial_rotary_factor";
  const double part = Positive(keys.Of(kPartial), kPartial, 1, 1);
  Rope rope;
  rope.rotary_dim = static_cast<int32_t>(shape.head_dim * part);
  if (rope.rotary_dim < 2 || rope.rotary_dim % 2 != 0)
    keys.Of(kPartial).Refuse(kPartial, Text("leaves ", rope.rotary_dim, " of ", shape.head_dim,
                                            " elements of a head to turn: must be even, over 0"));
  const std::string type = Type(keys);
  if (!keys.status().ok()) return keys.status();

  if (type.empty()) {
    rope.original_max_positions = shape.max_positions;
    rope.short_frequencies = Frequencies(theta, rope.rotary_dim, {});
    rope.long_frequencies = rope.short_frequencies;
    return rope;
  }
  ReadLongRope(keys, theta, shape.max_positions, rope);
  if (!keys.status().ok()) return keys.status();
  return rope;
}

}  // namespace poems::phi
