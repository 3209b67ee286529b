// Tensor: what is checked before C++ sees an array.
#include "chains/contract/tensor.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

v1::Tensor Of(v1::DType dtype, const std::vector<int64_t>& shape, const std::string& data) {
  v1::Tensor tensor;
  tensor.set_dtype(dtype);
  tensor.mutable_shape()->Add(shape.begin(), shape.end());
  tensor.set_data(data);
  return tensor;
}

template <typename T>
class TensorTypeTest : public ::testing::Test {};
using Numbers = ::testing::Types<float, double, int8_t, int16_t, int32_t, int64_t, uint8_t,
                                 uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(TensorTypeTest, Numbers);

TYPED_TEST(TensorTypeTest, GoesInAndComesOut) {
  const std::vector<TypeParam> values = {
      1, 2, std::numeric_limits<TypeParam>::max(), std::numeric_limits<TypeParam>::lowest(), 5, 6};
  absl::StatusOr<v1::Tensor> tensor = MakeTensor<TypeParam>(values, {2, 3});
  ASSERT_THAT(tensor, IsOk());
  EXPECT_EQ(tensor->dtype(), kDTypeOf<TypeParam>);
  EXPECT_THAT(tensor->shape(), ElementsAre(2, 3));
  EXPECT_THAT(CheckTensor(*tensor), IsOk());
  absl::StatusOr<std::span<const TypeParam>> data = TensorData<TypeParam>(*tensor);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(std::vector<TypeParam>(data->begin(), data->end()), values);
  EXPECT_THAT(TensorValues<TypeParam>(*tensor), IsOkAndHolds(values));
}

TEST(TensorTest, IsLittleEndianAndRowMajor) {
  const std::vector<uint16_t> values = {0x0102, 0x0304};
  EXPECT_EQ(MakeTensor<uint16_t>(values, {1, 2})->data(), "\x02\x01\x04\x03");
}

TEST(TensorTest, HasHalfFloatsAsBits) {
  const std::vector<Float16> half = {Float16{0x3c00}};
  const std::vector<BFloat16> brain = {BFloat16{0x3f80}};
  EXPECT_THAT(TensorValues<Float16>(*MakeTensor<Float16>(half, {1})), IsOkAndHolds(half));
  EXPECT_THAT(TensorValues<BFloat16>(*MakeTensor<BFloat16>(brain, {1})), IsOkAndHolds(brain));
  EXPECT_THAT(TensorData<BFloat16>(*MakeTensor<Float16>(half, {1})), StatusIs(kInvalid));
}

TEST(TensorTest, OfNoDimensionIsASingleValue) {
  const std::vector<float> one = {1.5f};
  EXPECT_THAT(TensorData<float>(*MakeTensor<float>(one, {})), IsOkAndHolds(ElementsAre(1.5f)));
}

TEST(TensorTest, MayBeEmpty) {
  absl::StatusOr<v1::Tensor> tensor = MakeTensor<float>({}, {3, 0, 2});
  ASSERT_THAT(tensor, IsOk());
  EXPECT_THAT(TensorData<float>(*tensor), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(TensorValues<float>(*tensor), IsOkAndHolds(IsEmpty()));
  const int64_t huge = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(CheckTensor(Of(v1::DTYPE_FLOAT64, {huge, huge, 0}, "")), IsOk());
}

TEST(TensorTest, IsOfTheTypeThatWasAskedFor) {
  const std::vector<float> one = {1.5f};
  EXPECT_THAT(TensorData<int32_t>(*MakeTensor<float>(one, {1})),
              StatusIs(kInvalid, "a tensor of float32 and shape [1] is not one of int32"));
}

TEST(TensorTest, OfAnUnknownTypeIsRefused) {
  EXPECT_THAT(CheckTensor(v1::Tensor()), StatusIs(kInvalid, HasSubstr("there is no such dtype")));
  EXPECT_THAT(CheckTensor(Of(static_cast<v1::DType>(99), {}, "")),
              StatusIs(kInvalid, HasSubstr("dtype 99")));
}

TEST(TensorTest, WithTooMuchOrTooLittleDataIsRefused) {
  EXPECT_THAT(
      CheckTensor(Of(v1::DTYPE_FLOAT32, {2, 3}, std::string(23, '\0'))),
      StatusIs(kInvalid, "a tensor of float32 and shape [2, 3] has 24 bytes of data, not 23"));
  EXPECT_THAT(CheckTensor(Of(v1::DTYPE_INT8, {}, "ab")), StatusIs(kInvalid));
  EXPECT_THAT(CheckTensor(Of(v1::DTYPE_INT8, {0}, "a")), StatusIs(kInvalid));
}

TEST(TensorTest, WithANegativeLengthIsRefused) {
  EXPECT_THAT(CheckTensor(Of(v1::DTYPE_INT8, {-1, -2}, "ab")),
              StatusIs(kInvalid, HasSubstr("a length is negative")));
  EXPECT_THAT(CheckTensor(Of(v1::DTYPE_INT8, {0, -2}, "")), StatusIs(kInvalid));
}

TEST(TensorTest, WhoseSizeOverflowsIsRefused) {
  const int64_t half = int64_t{1} << 32;
  EXPECT_THAT(CheckTensor(Of(v1::DTYPE_INT8, {half, half}, "")),
              StatusIs(kInvalid, HasSubstr("that is too large")));
  EXPECT_THAT(CheckTensor(Of(v1::DTYPE_FLOAT64, {half, half / 8}, "")), StatusIs(kInvalid));
  EXPECT_THAT(CheckTensor(Of(v1::DTYPE_FLOAT64, {std::numeric_limits<int64_t>::max()}, "")),
              StatusIs(kInvalid));
}

TEST(TensorTest, OfBoolsHoldsOnlyZeroAndOne) {
  EXPECT_THAT(TensorData<bool>(Of(v1::DTYPE_BOOL, {3}, std::string("\0\1\1", 3))),
              IsOkAndHolds(ElementsAre(false, true, true)));
  EXPECT_THAT(TensorData<bool>(Of(v1::DTYPE_BOOL, {2}, "\1\2")),
              StatusIs(kInvalid, HasSubstr("neither 0 nor 1")));
}

TEST(TensorTest, IsNotMadeOfElementsThatDoNotFillItsShape) {
  const std::vector<float> three = {1, 2, 3};
  EXPECT_THAT(MakeTensor<float>(three, {2, 2}),
              StatusIs(kInvalid, "a tensor of float32 and shape [2, 2] has 4 elements, not 3"));
  EXPECT_THAT(MakeTensor<float>(three, {-3}), StatusIs(kInvalid));
  EXPECT_THAT(MakeTensor<float>(three, {}), StatusIs(kInvalid));
}

TEST(TensorTest, StaysReadableWhenItWasParsed) {
  const std::vector<double> values(1000, 0.5);
  const std::string wire = MakeTensor<double>(values, {10, 100})->SerializeAsString();
  v1::Tensor parsed;
  ASSERT_TRUE(parsed.ParseFromString(wire));
  EXPECT_THAT(TensorData<double>(parsed), IsOkAndHolds(SizeIs(1000)));
}

TEST(TensorTest, OfFewBytesIsAlignedToo) {
  for (int count = 0; count < 5; ++count) {  // short strings live inside their object
    const std::vector<double> values(count, 2.5);
    EXPECT_THAT(TensorData<double>(*MakeTensor<double>(values, {count})),
                IsOkAndHolds(SizeIs(count)));
  }
}

}  // namespace
}  // namespace chains
