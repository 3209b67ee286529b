#include "phi/cpu/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "phi/cpu/convert.h"
#include "phi/cpu/memory.h"

namespace poems::phi::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class KernelsTest : public testing::TestWithParam<Level> {
 protected:
  void SetUp() override {
    if (GetParam() > BestLevel()) GTEST_SKIP() << "SKIPPED: this processor lacks them";
  }
  const Kernels& kernels() const { return KernelsOf(GetParam()); }
};

std::string NameOfLevel(const testing::TestParamInfo<Level>& info) {
  const char* names[] = {"Generic", "Avx2", "Avx512"};
  return names[static_cast<int>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Levels, KernelsTest,
                         testing::Values(Level::kGeneric, Level::kAvx2, Level::kAvx512),
                         NameOfLevel);

// Small whole numbers, which all types hold and whose sums are exact in any order.
int Whole(int64_t row, int64_t column) {
  return static_cast<int>((row * 7 + column * 13) % 11) - 5;
}

std::vector<uint16_t> Halves(DType dtype, int64_t rows, int64_t columns) {
  std::vector<uint16_t> bits;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      const auto value = static_cast<float>(Whole(row, column));
      bits.push_back(dtype == DType::kF16
                         ? ToF16(value)
                         : static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
    }
  }
  return bits;
}

TEST_P(KernelsTest, ProductsOfAnySizeAreExact) {
  constexpr int64_t kOutputs = 21;
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBf16}) {
    for (const int64_t columns : {1, 15, 16, 31, 32, 33, 50, 77, 96}) {
      // In memory of just that size, so that tools see what reads beyond it.
      const std::vector<uint16_t> halves = Halves(dtype, kOutputs, columns);
      std::vector<float> floats;
      for (int64_t i = 0; i < kOutputs * columns; ++i) {
        floats.push_back(static_cast<float>(Whole(i / columns, i % columns)));
      }
      const Tensor weights{
          .data = dtype == DType::kF32 ? static_cast<const void*>(floats.data()) : halves.data(),
          .dtype = dtype,
          .rows = kOutputs,
          .columns = columns};
      for (int64_t rows = 1; rows <= 20; ++rows) {
        Floats packed(rows * PackedStride(columns));
        for (int64_t row = 0; row < rows; ++row) {
          std::vector<float> values;
          for (int64_t i = 0; i < columns; ++i) {
            values.push_back(static_cast<float>(Whole(i, row)));
          }
          Pack(values.data(), columns, kernels().PackBlock(dtype),
               packed.data() + row * PackedStride(columns));
        }
        std::vector<float> out(static_cast<size_t>(rows * kOutputs), 1000);
        kernels().multiply({.rows = packed.data(),
                            .row_count = rows,
                            .weights = &weights,
                            .first = 2,
                            .last = kOutputs - 1,
                            .out = out.data(),
                            .out_stride = kOutputs,
                            .add = rows % 2 == 0});
        for (int64_t row = 0; row < rows; ++row) {
          for (int64_t output = 0; output < kOutputs; ++output) {
            int sum = rows % 2 == 0 ? 1000 : 0;
            for (int64_t i = 0; i < columns; ++i) sum += Whole(i, row) * Whole(output, i);
            if (output < 2 || output == kOutputs - 1) sum = 1000;
            ASSERT_EQ(out[static_cast<size_t>(row * kOutputs + output)], sum)
                << "row " << row << " of " << rows << ", output " << output << ", " << columns
                << " columns, type " << static_cast<int>(dtype);
          }
        }
      }
    }
  }
}

TEST_P(KernelsTest, PowersAreWithinAFewUnitsOfTheLastPlace) {
  std::vector<float> values;
  for (int i = 0; i < 16000; ++i) values.push_back(-0.004F * static_cast<float>(i));
  std::vector<float> powers = values;
  const float sum = kernels().exponentials(powers.data(), 16000);
  double expected = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double power = std::exp(static_cast<double>(values[i]));
    ASSERT_NEAR(powers[i] / power, 1, 4e-7) << values[i];
    expected += power;
  }
  EXPECT_NEAR(sum / expected, 1, 1e-5);
}

TEST_P(KernelsTest, PowersOfWhatIsNotSeenAreNothing) {
  std::vector<float> values(32, -kInfinity);
  values[3] = 1000;
  values[20] = 1000 - std::log(4.0F);
  values[21] = 900;  // e^-100 of the largest
  EXPECT_NEAR(kernels().exponentials(values.data(), 32), 1.25, 1e-4);
  EXPECT_EQ(values[3], 1);
  EXPECT_NEAR(values[20], 0.25, 1e-4);
  EXPECT_EQ(std::count(values.begin(), values.end(), 0.0F), 30);
}

TEST_P(KernelsTest, GatesWhateverComes) {
  for (const int64_t count : {1, 7, 8, 9, 16, 17, 77}) {
    std::vector<float> gate;
    std::vector<float> up;
    for (int64_t i = 0; i < count; ++i) {
      gate.push_back(static_cast<float>(i * 37 % 23) - 11);
      up.push_back(static_cast<float>(i) / 3 - 2);
    }
    gate[0] = count % 2 == 0 ? -1000 : 1000;
    std::vector<float> out(static_cast<size_t>(count) + 1, 42);
    kernels().gate(gate.data(), up.data(), count, out.data());
    for (size_t i = 0; i < gate.size(); ++i) {
      const double exact = gate[i] / (1 + std::exp(-double{gate[i]})) * up[i];
      ASSERT_NEAR(out[i], exact, 1e-6 * std::abs(exact) + 1e-30) << gate[i];
    }
    EXPECT_EQ(out.back(), 42) << "behind the last";
  }
}

TEST_P(KernelsTest, HalvesAreThoseOfPlainArithmetic) {
  std::vector<float> values = {0.0F,       -0.0F,      1,      65504,     65519,     65520,
                               1e9F,       -1e9F,      1e-7F,  -3e-8F,    6e-8F,     6.1e-5F,
                               1.0009765F, 1.0014648F, 2e-30F, kInfinity, -kInfinity};
  for (int i = 0; i < 3000; ++i) {
    values.push_back(std::ldexp(1 + static_cast<float>(i * 911 % 4096) / 4096, i % 40 - 26));
  }
  std::vector<uint16_t> halves(values.size() + 1, 42);
  kernels().halve(values.data(), static_cast<int64_t>(values.size()), halves.data());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(halves[i], ToF16(values[i])) << values[i];
  EXPECT_EQ(halves.back(), 42) << "behind the last";
  float nan = std::numeric_limits<float>::quiet_NaN();
  uint16_t half = 0;
  kernels().halve(&nan, 1, &half);
  EXPECT_TRUE(std::isnan(FromF16(half)));
}

TEST(ConvertTest, EveryHalfComesBackFromItsFloat) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const float value = FromF16(static_cast<uint16_t>(bits));
    ASSERT_EQ(ToF16(value), bits);
    ASSERT_EQ(ToF16(-value), bits | 0x8000U);
    const double fraction = bits & 0x3ffU;
    const int exponent = static_cast<int>(bits >> 10);
    const double exact =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    ASSERT_EQ(value, exact);
  }
  EXPECT_EQ(FromF16(0x7c00), kInfinity);
  EXPECT_TRUE(std::isnan(FromF16(0x7e00)));
  EXPECT_EQ(ToF16(kInfinity), 0x7bff) << "the largest that is finite";
}

}  // namespace
}  // namespace poems::phi::cpu
