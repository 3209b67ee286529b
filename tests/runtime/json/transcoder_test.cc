// The transcoder as a whole, and against protobuf's own JSON on random messages.
#include "chains/json/transcoder.h"

#include <cmath>
#include <limits>
#include <optional>
#include <random>

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "chains/v1/options.pb.h"
#include "tests/runtime/json/everything.h"

namespace chains::json {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;

TEST(Transcoder, FindsMethodsByTheirSnakeCaseName) {
  const Transcoder& transcoder = EverythingTranscoder();
  ASSERT_NE(transcoder.Find("get_http_status"), nullptr);
  EXPECT_EQ(transcoder.Find("get_http_status")->path, "/everything.Everything/GetHTTPStatus");
  EXPECT_EQ(transcoder.Find("count")->call.kind, MethodKind::kServerStreaming);
  EXPECT_EQ(transcoder.Find("RunRemote"), nullptr);
}

TEST(Transcoder, TellsWhatIsWrongWithDescriptors) {
  auto files = FilesOf(*everything::All::descriptor());
  EXPECT_EQ(Transcoder::Create(files, "no.Such").status().code(), absl::StatusCode::kNotFound);
  std::reverse(files.mutable_file()->begin(), files.mutable_file()->end());
  EXPECT_TRUE(Transcoder::Create(files, "everything.Everything").ok());
  files.mutable_file()->DeleteSubrange(files.file_size() - 1, 1);
  EXPECT_THAT(std::string(MessageOf(Transcoder::Create(files, "everything.Everything").status())),
              HasSubstr("do not fit"));
}

TEST(Transcoder, KnowsHowLongAMethodMayTakeAndRefusesWhatIsNoTime) {
  const auto with = [](double seconds) {
    auto files = FilesOf(*everything::All::descriptor());
    for (auto& file : *files.mutable_file()) {
      if (file.service_size() == 0) continue;
      file.mutable_service(0)
          ->mutable_method(0)
          ->mutable_options()
          ->MutableExtension(v1::http)
          ->set_timeout(seconds);
    }
    return Transcoder::Create(files, "everything.Everything");
  };
  EXPECT_EQ((*with(0.001))->methods()[0]->timeout, absl::Milliseconds(1));
  EXPECT_EQ((*with(86400))->methods()[0]->timeout, absl::Hours(24));
  EXPECT_EQ(EverythingTranscoder().methods()[0]->timeout, std::nullopt);
  for (const double bad :
       {0.0, -1.0, 86401.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(with(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

// Random messages, without what has no JSON.
class Random {
 public:
  explicit Random(unsigned seed) : random_(seed) {}

  void Fill(Message& message, int depth) {
    const auto& descriptor = *message.GetDescriptor();
    const std::string& name = descriptor.full_name();
    if (name == "google.protobuf.Timestamp")
      return FillTime(message, Pick(200000000000), Pick(1000000000));
    if (name == "google.protobuf.Duration") return FillTime(message, Pick(1000), Pick(1000000000));
    if (name == "google.protobuf.FieldMask" || name == "google.protobuf.Any") return;
    if (name == "google.protobuf.Value") return FillValue(message, depth);
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor& field = *descriptor.field(i);
      const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
      // A Value without a kind has no JSON.
      const bool must = descriptor.options().map_entry();
      if (!must && (Pick(3) != 0 || (is_message && depth <= 0))) continue;
      if (field.enum_type() != nullptr &&
          field.enum_type()->full_name() == "google.protobuf.NullValue")
        continue;
      const int count = field.is_repeated() ? static_cast<int>(Pick(4)) : 1;
      for (int n = 0; n < count; ++n) Set(message, field, depth);
    }
  }

 private:
  uint64_t Pick(uint64_t below) { return random_() % below; }
  uint64_t Bits() { return Pick(4) == 0 ? random_() % 3 : random_() >> Pick(64); }
  std::string Characters(bool any_byte) {
    std::string text;
    for (uint64_t i = Pick(12); i > 0; --i) {
      constexpr std::string_view kPieces[] = {"a", "Z", "\"", "\\", "\n", "\x01",
                                              "ä", "€", "😀",  " ",  "/"};
      if (any_byte) {
        text += static_cast<char>(random_());
      } else {
        text += kPieces[Pick(std::size(kPieces))];
      }
    }
    return text;
  }

  static void FillTime(Message& message, int64_t seconds, int nanos) {
    const auto& descriptor = *message.GetDescriptor();
    message.GetReflection()->SetInt64(&message, descriptor.field(0), seconds);
    message.GetReflection()->SetInt32(&message, descriptor.field(1), nanos);
  }
  void FillValue(Message& message, int depth) {
    const auto& descriptor = *message.GetDescriptor();
    Set(message, *descriptor.field(depth > 0 ? 1 + Pick(5) : 1 + Pick(3)), depth);
  }

  double Finite() {
    return Pick(2) == 0 ? static_cast<double>(static_cast<int64_t>(Bits()))
                        : std::ldexp(Pick(1 << 20), -30);
  }

#define SET(Type, value)                                                  \
  (field.is_repeated() ? reflection->Add##Type(&message, &field, (value)) \
                       : reflection->Set##Type(&message, &field, (value)))
  void Set(Message& message, const FieldDescriptor& field, int depth) {
    const Reflection* reflection = message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return SET(Int32, static_cast<int32_t>(Bits()));
      case FieldDescriptor::CPPTYPE_INT64:
        return SET(Int64, static_cast<int64_t>(Bits()));
      case FieldDescriptor::CPPTYPE_UINT32:
        return SET(UInt32, static_cast<uint32_t>(Bits()));
      case FieldDescriptor::CPPTYPE_UINT64:
        return SET(UInt64, Bits());
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return SET(Double, Finite());
      case FieldDescriptor::CPPTYPE_FLOAT:
        return SET(Float, static_cast<float>(Finite()));
      case FieldDescriptor::CPPTYPE_BOOL:
        return SET(Bool, Pick(2) == 0);
      case FieldDescriptor::CPPTYPE_ENUM:
        return SET(EnumValue,
                   field.enum_type()->value(Pick(field.enum_type()->value_count()))->number());
      case FieldDescriptor::CPPTYPE_STRING:
        return SET(String, Characters(field.type() == FieldDescriptor::TYPE_BYTES));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Fill(field.is_repeated() ? *reflection->AddMessage(&message, &field)
                                        : *reflection->MutableMessage(&message, &field),
                    depth - 1);
    }
  }
#undef SET

  std::mt19937_64 random_;
};

// A map is filled as a list of entries; once through bytes, each key is there once.
everything::All RandomMessage(unsigned seed) {
  everything::All filled;
  Random(seed).Fill(filled, 3);
  everything::All read;
  read.ParseFromString(filled.SerializeAsString());
  return read;
}

std::string Difference(const Message& one, const Message& other) {
  std::string report;
  MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&report);
  differencer.Compare(one, other);
  return report;
}

TEST(Transcoder, AgreesWithProtobufOnRandomMessages) {
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(Text("seed ", seed));
    const everything::All message = RandomMessage(seed);

    std::string theirs;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(message, &theirs).ok());
    const auto wire = ToWire("run_remote", theirs);
    ASSERT_TRUE(wire.ok()) << wire.status() << theirs;
    everything::All read;
    ASSERT_TRUE(read.ParseFromString(*wire));
    ASSERT_EQ(Difference(read, message), "") << theirs;

    const std::string ours = ToJson("run_remote", message);
    everything::All parsed;
    const auto status = google::protobuf::util::JsonStringToMessage(ours, &parsed);
    ASSERT_TRUE(status.ok()) << status.ToString() << ours;
    ASSERT_EQ(Difference(parsed, message), "") << ours;
  }
}

TEST(Transcoder, SurvivesBrokenBytesAndText) {
  std::mt19937 random(7);
  for (unsigned seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(Text("seed ", seed));
    const everything::All message = RandomMessage(seed);
    std::string wire = message.SerializeAsString();
    std::string json = ToJson("run_remote", message);
    for (int i = 0; i < 20; ++i) {
      if (!wire.empty()) wire[random() % wire.size()] = static_cast<char>(random());
      json[random() % json.size()] = static_cast<char>(random());
      (void)EverythingTranscoder().ReplyToJson(*EverythingTranscoder().Find("run_remote"), wire);
      const auto read = ToWire("run_remote", json);
      EXPECT_TRUE(!read.ok() || everything::All().ParseFromString(*read)) << json;
    }
  }
}

}  // namespace
}  // namespace chains::json
