// What kernels compute with, against plain loops.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "phi/cuda/arithmetic.h"
#include "phi/cuda/check_model.h"
#include "phi/cuda/convert.h"
#include "phi/cuda/halves.h"
#include "phi/cuda/selection.h"

namespace poems::phi::cuda {
namespace {

using testing::HasSubstr;

TEST(HalvesTest, EveryF16ComesBackFromFloat) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float x = FloatFromHalf(half);
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(FloatFromHalf(HalfFromFloat(x))));
    } else {
      ASSERT_EQ(HalfFromFloat(x), half) << x;
    }
  }
}

TEST(HalvesTest, FloatsGoToTheNearestAndTiesToEven) {
  // Between each f16 and the next the middle, and what lies just beside it.
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const float low = FloatFromHalf(half);
    const float high = FloatFromHalf(static_cast<uint16_t>(half + 1));
    const float middle = low + (high - low) / 2;
    ASSERT_EQ(HalfFromFloat(middle), half % 2 == 0 ? half : half + 1) << middle;
    ASSERT_EQ(HalfFromFloat(std::nextafter(middle, 0.0F)), half);
    ASSERT_EQ(HalfFromFloat(-std::nextafter(middle, high)), 0x8000 | (half + 1));
  }
  EXPECT_EQ(HalfFromFloat(65519.99F), 0x7bff);
  EXPECT_EQ(HalfFromFloat(65520.0F), 0x7c00);
  EXPECT_EQ(HalfFromFloat(-1e30F), 0xfc00);
  EXPECT_EQ(HalfFromFloat(1e-30F), 0);
}

TEST(HalvesTest, Bf16IsTheUpperHalfRounded) {
  EXPECT_EQ(Bf16FromFloat(1.0F), 0x3f80);
  EXPECT_EQ(Bf16FromFloat(std::bit_cast<float>(0x3f808000U)), 0x3f80);  // a tie
  EXPECT_EQ(Bf16FromFloat(std::bit_cast<float>(0x3f818000U)), 0x3f82);
  EXPECT_EQ(Bf16FromFloat(std::bit_cast<float>(0x3f808001U)), 0x3f81);
  EXPECT_EQ(Bf16FromFloat(std::numeric_limits<float>::infinity()), 0x7f80);
  EXPECT_TRUE(std::isnan(FloatFromBf16(Bf16FromFloat(std::bit_cast<float>(0x7f800001U)))));
}

TEST(ConvertTest, RowsArePaddedWithZerosAndSayWhatF16CannotHold) {
  const std::vector<float> floats = {1, -2, 70000};
  std::vector<uint16_t> row(8, 0xffff);
  EXPECT_TRUE(ConvertRow(floats.data(), DType::kF32, 3, true, row.data()));
  EXPECT_THAT(row, testing::ElementsAre(0x3f80, 0xc000, Bf16FromFloat(70000), 0, 0, 0, 0, 0));
  EXPECT_TRUE(ConvertRow(floats.data(), DType::kF32, 2, false, row.data()));
  EXPECT_THAT(row, testing::ElementsAre(0x3c00, 0xc000, 0, 0, 0, 0, 0, 0));
  EXPECT_FALSE(ConvertRow(floats.data(), DType::kF32, 3, false, row.data()));
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(ConvertRow(&infinite, DType::kF32, 1, false, row.data()));
}

TEST(ConvertTest, EveryTypeIsReadAndTheSameTypeIsKept) {
  const std::vector<uint16_t> halves = {0x3c00, 0x4000, 0x7bff};
  const std::vector<uint16_t> bf16 = {0x3f80, 0x4000, 0x4780};
  std::vector<uint16_t> row(8);
  std::vector<float> floats(3);
  EXPECT_TRUE(ConvertRow(halves.data(), DType::kF16, 3, false, row.data()));
  EXPECT_TRUE(std::equal(halves.begin(), halves.end(), row.begin()));
  EXPECT_TRUE(ConvertRow(bf16.data(), DType::kBf16, 3, true, row.data()));
  EXPECT_TRUE(std::equal(bf16.begin(), bf16.end(), row.begin()));
  EXPECT_TRUE(ConvertRow(halves.data(), DType::kF16, 3, true, row.data()));
  EXPECT_EQ(row[1], 0x4000);
  EXPECT_FALSE(ConvertRow(bf16.data(), DType::kBf16, 3, false, row.data()));  // 65536
  ConvertRow(bf16.data(), DType::kBf16, 3, floats.data());
  EXPECT_THAT(floats, testing::ElementsAre(1, 2, 65536));
}

TEST(KvLayoutTest, EveryElementHasAPlaceOfItsOwn) {
  const KvLayout layout = {.kv_heads = 3, .head_stride = 16};
  std::set<int64_t> places;
  for (int64_t page = 0; page < 4; ++page) {
    for (int32_t head = 0; head < 3; ++head) {
      for (int32_t position = 0; position < kPageSize; ++position) {
        const int64_t key = KeyAt(layout, page, head, position);
        for (const int64_t row : {key, key + ValueAfterKey(layout)}) {
          EXPECT_EQ(row / PageElements(layout), page);
          EXPECT_EQ(row % kVector, 0);
          EXPECT_TRUE(places.insert(row).second);
        }
      }
    }
  }
  EXPECT_EQ(static_cast<int64_t>(places.size()) * 16, 4 * PageElements(layout));
}

TEST(KvLayoutTest, PlacesAreCountedIn64Bits) {
  const KvLayout layout = {.kv_heads = 32, .head_stride = 96};  // of Phi-3-mini
  EXPECT_EQ(KeyAt(layout, 100'000, 31, 15), (100'000LL * 64 + 31) * 16 * 96 + 15 * 96);
}

TEST(BucketTest, IsTheNextPowerOfTwo) {
  for (int32_t count = 1; count <= 1000; ++count) {
    int32_t bucket = 1;
    while (bucket < count) bucket *= 2;
    EXPECT_EQ(Bucket(count), bucket);
  }
  EXPECT_EQ(Bucket(0), 1);
}

TEST(FirstSeenTest, IsTheWindowsBegin) {
  EXPECT_EQ(FirstSeen(100, 0), 0);
  EXPECT_EQ(FirstSeen(100, 1), 100);
  EXPECT_EQ(FirstSeen(100, 101), 0);
  EXPECT_EQ(FirstSeen(100, 100), 1);
  EXPECT_EQ(FirstSeen(2, 5), 0);
}

TEST(TurnTest, TurnsByTheAngle) {
  const double angle = 2.5;
  const Pair turned =
      Turn({3, 4}, static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)));
  EXPECT_NEAR(turned.first, 5 * std::cos(std::atan2(4.0, 3.0) + angle), 1e-5);
  EXPECT_NEAR(turned.second, 5 * std::sin(std::atan2(4.0, 3.0) + angle), 1e-5);
}

struct Merged {
  float max = kNothing;
  float sum = 0;
  float value = 0;
  void Add(float part_max, float part_sum, float part_value) {
    const Rescale merge = MergeOf(max, part_max);
    sum = sum * std::exp(merge.keep) + part_sum * std::exp(merge.add);
    value = value * std::exp(merge.keep) + part_value * std::exp(merge.add);
    max = merge.max;
  }
};

TEST(MergeTest, PartsGiveTheSoftmaxOfTheWhole) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 5);
  std::vector<float> scores(1000);
  std::vector<float> values(1000);
  for (size_t i = 0; i < scores.size(); ++i) {
    scores[i] = normal(random);
    values[i] = normal(random);
  }
  double weights = 0;
  double expected = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    weights += std::exp(static_cast<double>(scores[i]));
    expected += std::exp(static_cast<double>(scores[i])) * values[i];
  }
  Merged merged;
  for (size_t begin = 0; begin < scores.size(); begin += 64) {
    const size_t end = std::min(begin + 64, scores.size());
    const float max = *std::max_element(scores.begin() + begin, scores.begin() + end);
    float sum = 0;
    float value = 0;
    for (size_t i = begin; i < end; ++i) {
      sum += std::exp(scores[i] - max);
      value += std::exp(scores[i] - max) * values[i];
    }
    merged.Add(max, sum, value);
  }
  EXPECT_NEAR(merged.value / merged.sum, expected / weights, 1e-4);
}

TEST(MergeTest, APartOfWhichNothingIsSeenChangesNoBit) {
  Merged merged;
  merged.Add(kNothing, 0, 0);
  EXPECT_EQ(merged.sum, 0);
  merged.Add(1.3F, 2.7F, -0.3F);
  merged.Add(kNothing, 0, 0);
  EXPECT_EQ(merged.max, 1.3F);
  EXPECT_EQ(merged.sum, 2.7F);
  EXPECT_EQ(merged.value, -0.3F);
}

TEST(SortKeyTest, OrdersBySequenceThenFallingScoreThenToken) {
  const float infinite = std::numeric_limits<float>::infinity();
  std::vector<uint64_t> keys = {
      SortKey(0, infinite, 9),
      SortKey(0, 3.5F, 1),
      SortKey(0, 3.5F, 2),
      SortKey(0, 1e-40F, 3),
      SortKey(0, 0.0F, 4),
      SortKey(0, -0.0F, 5),
      SortKey(0, -1.0F, 6),
      SortKey(0, -infinite, 0),
      SortKey(0, NAN, 8),
      SortKey(1, 100.0F, 7),
      SortKey(4095, -100.0F, (1 << kTokenBits) - 1),
  };
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(ScoreOf(keys[1]), 3.5F);
  EXPECT_EQ(ScoreOf(keys[6]), -1.0F);
  EXPECT_EQ(TokenOf(keys[9]), 7);
  EXPECT_EQ(TokenOf(keys[10]), (1 << kTokenBits) - 1);
}

int32_t Chosen(const std::vector<float>& weights, float top_p, float uniform) {
  std::vector<double> sums(kLanes);
  const auto count = static_cast<int32_t>(weights.size());
  for (int lane = 0; lane < kLanes; ++lane) sums[lane] = LaneSum(weights.data(), count, lane);
  return Select(weights.data(), count, sums.data(), top_p, uniform);
}

// The definition, as backend.h has it.
int32_t Plain(const std::vector<float>& weights, float top_p, float uniform) {
  long double total = 0;
  for (const float weight : weights) total += weight;
  size_t kept = 0;
  long double sum = 0;
  while (kept < weights.size() && (kept == 0 || sum < top_p * total)) sum += weights[kept++];
  long double through = 0;
  for (size_t i = 0; i < kept; ++i) {
    through += weights[i];
    if (through > uniform * sum) return static_cast<int32_t>(i);
  }
  return static_cast<int32_t>(kept) - 1;
}

TEST(SelectTest, IsWhatTheDefinitionSays) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> any(0, 1);
  for (const size_t count : {1, 2, 255, 256, 257, 1000, 32064}) {
    std::vector<float> weights(count);
    for (float& weight : weights) weight = std::pow(any(random), 8.0F);
    std::sort(weights.rbegin(), weights.rend());
    for (int i = 0; i < 40; ++i) {
      const float top_p = i % 4 == 0 ? 1 : any(random);
      const float uniform = any(random);
      ASSERT_EQ(Chosen(weights, top_p, uniform), Plain(weights, top_p, uniform))
          << count << " " << top_p << " " << uniform;
    }
  }
}

TEST(SelectTest, EndsAreTakenExactly) {
  const std::vector<float> halves = {1, 0.5F, 0.5F};
  EXPECT_EQ(Chosen(halves, 1, 0), 0);
  EXPECT_EQ(Chosen(halves, 1, 0.5F), 1);  // the first that exceeds one half
  EXPECT_EQ(Chosen(halves, 1, std::nextafter(1.0F, 0.0F)), 2);
  EXPECT_EQ(Chosen(halves, 0.5F, std::nextafter(1.0F, 0.0F)), 0);  // one half is at least one half
  EXPECT_EQ(Chosen(halves, 0.6F, std::nextafter(1.0F, 0.0F)), 1);
  const std::vector<float> with_zeros = {1, 1, 0, 0};
  EXPECT_EQ(Chosen(with_zeros, 1, std::nextafter(1.0F, 0.0F)), 1);
}

TEST(CheckModelTest, NamesTheTensorThatIsNotOfTheShape) {
  Shape shape{.vocab = 10,
              .hidden = 8,
              .layers = 1,
              .heads = 2,
              .kv_heads = 1,
              .head_dim = 4,
              .rotary_dim = 4,
              .intermediate = 6,
              .max_positions = 16,
              .short_rotary = {},
              .long_rotary = {}};
  const std::vector<float> data(1000);
  shape.short_rotary.frequencies = shape.long_rotary.frequencies = data.data();
  const auto tensor = [&](int64_t rows, int64_t columns) {
    return Tensor{data.data(), DType::kF32, rows, columns};
  };
  LayerWeights layer{tensor(1, 8), tensor(16, 8), tensor(8, 8),
                     tensor(1, 8), tensor(12, 8), tensor(8, 6)};
  Weights weights{tensor(10, 8), &layer, 1, tensor(1, 8), tensor(10, 8)};
  EXPECT_EQ(CheckModel(shape, weights), "");
  layer.down.columns = 7;
  EXPECT_EQ(CheckModel(shape, weights), "layers[0].down is 8 x 7, and should be 8 x 6");
  layer.down = {};
  EXPECT_THAT(CheckModel(shape, weights), HasSubstr("layers[0].down is missing"));
  layer.down = tensor(8, 6);
  shape.kv_heads = 3;
  EXPECT_THAT(CheckModel(shape, weights), HasSubstr("no multiple"));
  shape.kv_heads = 1;
  shape.head_dim = 257;
  EXPECT_THAT(CheckModel(shape, weights), HasSubstr("head_dim"));
}

}  // namespace
}  // namespace poems::phi::cuda
