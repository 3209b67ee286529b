#include "chains/json/example.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chains/json/transcoder.h"
#include "everything.pb.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::json {
namespace {

using ::testing::HasSubstr;
using ::testing::Lt;

TEST(ExampleTest, HasSomethingInEveryFieldThatIsNotOptional) {
  EXPECT_EQ(ExampleJson(*everything::Choice::descriptor()), R"({"text": "text"})");
  EXPECT_EQ(ExampleJson(*everything::People::descriptor()),
            R"({"people": [{"name": "text", "age": 1, "friends_by_name": {}}]})");
}

TEST(ExampleTest, ProtobufsOwnTypesAndTensorsLookAsTheyDoInJson) {
  EXPECT_EQ(ExampleJson(*everything::TensorOf::descriptor()),
            R"({"result": {"data_b64": "AACAPwAAAEA=", "shape": [2], "dtype": "float32"}})");
  const std::string greeting = ExampleJson(*everything::Greeting::descriptor());
  EXPECT_THAT(greeting, HasSubstr(R"("color": "COLOR_RED", "total": "1")"));
  EXPECT_THAT(ExampleJson(*everything::All::descriptor()),
              HasSubstr(R"("spans": ["1.5s"], "wrapped_strings": ["text"])"));
}

TEST(ExampleTest, AReplyWithTheFieldResultIsItsValue) {
  EXPECT_EQ(ExampleReplyJson(*everything::Bare::descriptor()), R"("text")");
  EXPECT_EQ(ExampleReplyJson(*everything::Choice::descriptor()),
            ExampleJson(*everything::Choice::descriptor()));
}

TEST(ExampleTest, IsARequestThatTheGatewayTakes) {
  const auto transcoder =
      *Transcoder::Create(FilesOf(*everything::All::descriptor()), "everything.Everything");
  for (const auto& method : transcoder->methods()) {
    const std::string example = ExampleJson(*method->descriptor->input_type());
    EXPECT_TRUE(transcoder->RequestToWire(*method, example).ok())
        << example << transcoder->RequestToWire(*method, example).status();
  }
}

// A hundred fields of a message with a hundred fields of itself.
TEST(ExampleTest, OfALargeContractStaysSmall) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("wide.proto");
  file.set_syntax("proto3");
  google::protobuf::DescriptorProto& wide = *file.add_message_type();
  wide.set_name("Wide");
  for (int i = 1; i <= 100; ++i) {
    google::protobuf::FieldDescriptorProto& field = *wide.add_field();
    field.set_name(absl::StrCat("f", i));
    field.set_number(i);
    field.set_type(google::protobuf::FieldDescriptorProto::TYPE_MESSAGE);
    field.set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
    field.set_type_name(".Wide");
  }
  google::protobuf::DescriptorPool pool;
  const std::string example = ExampleJson(*pool.BuildFile(file)->message_type(0));
  EXPECT_THAT(example.size(), Lt(16384u));
  EXPECT_THAT(example, HasSubstr(R"("f100": {})"));
}

}  // namespace
}  // namespace chains::json
