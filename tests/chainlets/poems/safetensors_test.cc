#include "phi/safetensors.h"

#include <cstring>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "tests/chainlets/poems/model_folder.h"

namespace poems::phi {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string File(std::string_view header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  file += header;
  for (size_t i = 0; i < data_bytes; ++i) file += static_cast<char>('a' + i % 26);
  return file;
}

std::string Entry(std::string_view name, std::string_view dtype, std::string_view shape,
                  std::string_view offsets) {
  return chains::Text("\"", name, R"(": {"dtype": ")", dtype, R"(", "shape": )", shape,
                      R"(, "data_offsets": )", offsets, "}");
}

TEST(SafeTensors, FindsTensorsInAMappedFile) {
  const ModelFolder folder;
  folder.Write("two.safetensors",
               File(chains::Text(R"({"__metadata__": {"format": "pt"}, )",
                                 Entry("second", "F32", "[1]", "[4, 8]"), ", ",
                                 Entry("first", "BF16", "[2, 1]", "[0, 4]"), "}  "),
                    8));
  auto opened = SafeTensors::Open(folder.path() / "two.safetensors");
  ASSERT_THAT(opened, IsOk());
  const SafeTensors file = *std::move(opened);  // moving must not move the data
  ASSERT_EQ(file.tensors().size(), 2U);
  const StoredTensor* first = file.Find("first");
  const StoredTensor* second = file.Find("second");
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(first->dtype, "BF16");
  EXPECT_THAT(first->shape, ElementsAre(2, 1));
  EXPECT_EQ(std::string_view(file.data(*first), first->size), "abcd");
  EXPECT_EQ(second->dtype, "F32");
  EXPECT_EQ(std::string_view(file.data(*second), second->size), "efgh");
  EXPECT_EQ(file.Find("third"), nullptr);
  EXPECT_EQ(file.name(), (folder.path() / "two.safetensors").string());
  file.Prefetch();
}

TEST(SafeTensors, EmptyTensorsAndSingleNumbersAreTensors) {
  const auto tensors = ParseSafeTensors(
      File(chains::Text("{", Entry("empty", "F32", "[9223372036854775807, 9, 0]", "[0, 0]"), ",",
                        Entry("number", "U8", "[]", "[0, 1]"), "}"),
           1),
      "f");
  ASSERT_THAT(tensors, IsOk());
  EXPECT_EQ(tensors->find("empty")->second.size, 0U);
  EXPECT_THAT(tensors->find("number")->second.shape, IsEmpty());
}

TEST(SafeTensors, AFileWithoutTensorsIsOne) {
  EXPECT_THAT(ParseSafeTensors(File("{}", 0), "f"), IsOk());
}

TEST(SafeTensors, NamesAFileThatIsMissing) {
  EXPECT_THAT(SafeTensors::Open("/nowhere/model.safetensors"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere/model.safetensors")));
}

TEST(SafeTensors, EveryTruncationOfAFileIsRefused) {
  const std::string whole = File(chains::Text("{", Entry("a", "F32", "[2]", "[0, 8]"), "}"), 8);
  ASSERT_THAT(ParseSafeTensors(whole, "f"), IsOk());
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_THAT(ParseSafeTensors(std::string_view(whole).substr(0, size), "f"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("f: ")))
        << size;
}

struct Refusal {
  const char* name;
  std::string file;
  std::string message;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class SafeTensorsRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(SafeTensorsRefusal, NamesTheTensorAndTheReason) {
  EXPECT_THAT(ParseSafeTensors(GetParam().file, "f"),
              StatusIs(absl::StatusCode::kInvalidArgument, "f: " + GetParam().message));
}

std::string One(std::string_view dtype, std::string_view shape, std::string_view offsets,
                size_t bytes) {
  return File(chains::Text("{", Entry("a", dtype, shape, offsets), "}"), bytes);
}

std::string Two(std::string_view first, std::string_view second, size_t bytes) {
  return File(
      chains::Text("{", Entry("a", "U8", "[4]", first), ", ", Entry("b", "U8", "[4]", second), "}"),
      bytes);
}

std::vector<Refusal> Refusals() {
  std::string huge(16, '\xff');
  std::string long_header = File("{}", 0);
  long_header[1] = 1;  // 258 bytes
  return {
      {"Empty", "", "0 bytes are too few for a safetensors file"},
      {"HugeHeader", huge,
       "its header would have 18446744073709551615 bytes; at most 100000000 are allowed. Is it a "
       "safetensors file?"},
      {"LongHeader", long_header, "its header has 258 bytes, the file 10: it is truncated"},
      {"NoObject", File("[]", 0), "header: 1:1: an object is expected, found '['"},
      {"NoUtf8", File("{\"\xff\": 1}", 0), "header: 1:3: not valid UTF-8"},
      {"TwoEqualNames",
       File(chains::Text("{", Entry("a", "U8", "[1]", "[0, 1]"), ",",
                         Entry("a", "U8", "[1]", "[1, 2]"), "}"),
            2),
       "header: 1:61: tensor a comes twice"},
      {"MetadataNoText", File(R"({"__metadata__": {"a": 1}})", 0),
       "header: 1:24: a string is expected, found '1'"},
      {"TensorNoObject", File(R"({"a": 1})", 0), "header: 1:7: an object is expected, found '1'"},
      {"UnknownKey", File(R"({"a": {"strides": [1]}})", 0),
       "header: 1:8: tensor a: strides is unknown, or comes twice"},
      {"TwoEqualKeys", File(R"({"a": {"shape": [1], "shape": [1]}})", 0),
       "header: 1:22: tensor a: shape is unknown, or comes twice"},
      {"MissingKey", File(R"({"a": {"dtype": "U8", "shape": [1]}})", 0),
       "header: 1:2: tensor a: needs dtype, shape and two data_offsets"},
      {"OneOffset", One("U8", "[1]", "[0]", 1),
       "header: 1:2: tensor a: needs dtype, shape and two data_offsets"},
      {"ThreeOffsets", One("U8", "[1]", "[0, 1, 2]", 1),
       "header: 1:60: tensor a: data_offsets must be at most 2 integers from 0 to "
       "9223372036854775807"},
      {"NegativeShape", One("U8", "[-1]", "[0, 1]", 1),
       "header: 1:33: tensor a: shape must be at most 8 integers from 0 to 9223372036854775807"},
      {"NineDimensions", One("U8", "[1,1,1,1,1,1,1,1,1]", "[0, 1]", 1),
       "header: 1:49: tensor a: shape must be at most 8 integers from 0 to 9223372036854775807"},
      {"Backwards", One("U8", "[1]", "[1, 0]", 1),
       "header: 1:2: tensor a: data_offsets end before they begin"},
      {"UnknownType", One("F6_E2M3", "[1]", "[0, 1]", 1),
       "tensor a: dtype F6_E2M3 is not known here"},
      {"Overflow", One("F32", "[4294967296, 4294967296]", "[0, 8]", 8),
       "tensor a: its shape has more elements than 63 bits can count"},
      {"WrongSize", One("BF16", "[3]", "[0, 8]", 8),
       "tensor a: its data_offsets span 8 bytes; its shape and dtype take 6"},
      {"PastTheEnd", One("F32", "[2]", "[0, 8]", 7),
       "tensor a: it ends at byte 8 of the tensors' bytes; the file has 7 of them: it is "
       "truncated, "
       "or the header is wrong"},
      {"FarPastTheEnd", One("U8", "[1]", "[9223372036854775806, 9223372036854775807]", 1),
       "tensor a: it ends at byte 9223372036854775807 of the tensors' bytes; the file has 1 of "
       "them: "
       "it is truncated, or the header is wrong"},
      {"Overlap", Two("[0, 4]", "[3, 7]", 7), "tensor b: overlaps tensor a"},
      {"Same", Two("[0, 4]", "[0, 4]", 4), "tensor b: overlaps tensor a"},
      {"Gap", Two("[0, 4]", "[5, 9]", 9), "tensor b: 1 bytes between it and a belong to no tensor"},
      {"GapAtTheBegin", Two("[8, 12]", "[4, 8]", 12),
       "tensor b: 4 bytes between it and the header belong to no tensor"},
      {"GapAtTheEnd", Two("[0, 4]", "[4, 8]", 11), "3 bytes after the last tensor belong to none"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, SafeTensorsRefusal, ::testing::ValuesIn(Refusals()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace poems::phi
