#include "gateway/app/request_body.h"

#include <gmock/gmock.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "gateway/app/errors.h"
#include "gateway/app/request_chunks.h"
#include "tests/gateway/app/media_contract.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kForm = "multipart/form-data; boundary=b";

std::string Part(std::string_view name, std::string_view data, std::string_view more = "") {
  return Text("--b\r\nContent-Disposition: form-data; name=\"", name, "\"", more, "\r\n\r\n", data,
              "\r\n");
}
std::string File(std::string_view name, std::string_view data) {
  return Part(name, data, "; filename=\"a.wav\"\r\nContent-Type: audio/wav");
}
constexpr std::string_view kEnd = "--b--\r\n";

class RequestBodyTest : public ::testing::Test {
 protected:
  const json::Transcoder::Method& Method(std::string_view name) { return *transcoder_->Find(name); }

  // The message that a method gets, as protobuf's short text.
  std::string Shown(const json::Transcoder::Method& method, const std::string& wire) {
    const std::unique_ptr<google::protobuf::Message> message(
        messages_.GetPrototype(method.descriptor->input_type())->New());
    EXPECT_TRUE(message->ParseFromString(wire));
    return message->ShortDebugString();
  }
  std::string Message(std::string_view name, std::optional<std::string_view> type,
                      std::string_view body, std::string_view target = "/hear") {
    const json::Transcoder::Method& method = Method(name);
    const absl::StatusOr<std::string> wire =
        WireOfBody(*transcoder_, method, {.type = type, .encoding = {}}, target, body);
    if (!wire.ok()) return Text(HttpStatusOf(wire.status()), " ", MessageOf(wire.status()));
    return Shown(method, *wire);
  }

  static Stream<std::string> InPieces(std::string body, size_t size) {
    for (size_t at = 0; at < body.size(); at += size) co_yield body.substr(at, size);
  }
  static Task<void> Collect(Stream<Bytes> requests, std::vector<std::string>& wires) {
    while (std::optional<Bytes> request = co_await requests.Next()) {
      wires.push_back(request->ToString());
    }
  }
  // Every message of a stream, and what is wrong last.
  std::vector<std::string> Messages(std::string_view name, const std::string& type,
                                    const std::string& body, size_t piece = 7,
                                    const std::string& target = "/listen") {
    const json::Transcoder::Method& method = Method(name);
    WorkerPool workers;
    LocalLoop loop(workers);
    std::vector<std::string> wires;
    const auto outcome = Wait(
        Collect(ChunksOf(InPieces(body, piece), *transcoder_, method, type, target), wires), loop);
    std::vector<std::string> shown;
    for (const std::string& wire : wires) shown.push_back(Shown(method, wire));
    if (!outcome.ok()) shown.emplace_back(outcome.status().message());
    return shown;
  }

  google::protobuf::DynamicMessageFactory messages_;
  std::unique_ptr<const json::Transcoder> transcoder_ =
      *json::Transcoder::Create(MediaFiles(), "media.Media");
};

TEST_F(RequestBodyTest, TakesJsonAndProtobufAsEver) {
  for (const char* type : {"application/json", "application/json; charset=utf-8", "text/json",
                           "application/problem+json", "application/x-www-form-urlencoded", ""}) {
    EXPECT_EQ(Message("hear", type, R"({"audio": "YWI=", "language": "de"})"),
              R"(audio: "ab" language: "de")");
  }
  EXPECT_EQ(Message("hear", std::nullopt, R"({"audio": "", "language": "de"})"),
            R"(language: "de")");
  EXPECT_EQ(Message("hear", "Application/X-Protobuf",
                    "\x12\x02"
                    "de"),
            R"(language: "de")");
}

TEST_F(RequestBodyTest, TakesABodyAsTheOneFieldOfBytes) {
  EXPECT_EQ(Message("hear", "audio/wav", "RIFF",
                    "/hear?language=de&rate=8000&speed=FAST&loud=true"
                    "&tags=a&tags=b&marks=1&marks=2&unknown=1"),
            R"(audio: "RIFF" language: "de" rate: 8000 speed: FAST tags: "a" tags: "b" marks: 1 )"
            R"(marks: 2 loud: true)");
  EXPECT_EQ(Message("hear", "application/octet-stream", "", "/hear?language="), "");
}

TEST_F(RequestBodyTest, SaysWhatIsMissingBesideABody) {
  EXPECT_THAT(Message("hear", "audio/wav", "RIFF"), HasSubstr("400 missing: language"));
  EXPECT_THAT(Message("hear", "audio/wav", "RIFF", "/hear?language=de&rate=fast"),
              "400 rate: an integer of 32 bits is expected, not \"fast\"");
  EXPECT_THAT(Message("hear", "audio/wav", "RIFF", "/hear?language=de&language=en"),
              HasSubstr("language: it is there twice"));
  EXPECT_THAT(Message("hear", "audio/wav", "RIFF", "/hear?language=de&audio=YWI="),
              HasSubstr("audio: it is there twice"));
  EXPECT_THAT(Message("hear", "audio/wav", "RIFF", "/hear?language=%"), HasSubstr("400"));
}

TEST_F(RequestBodyTest, TakesTheFieldsAndFilesOfAForm) {
  EXPECT_EQ(Message("hear", kForm,
                    Part("language", "de") + File("audio", "RI\r\nFF") + Part("rate", "8000") +
                        Part("tags", "a,b") + Part("tags", "[") + Part("marks", "3") +
                        Part("detail", R"({"depth": 1})") + Part("details", R"({"depth": 2})") +
                        Part("details", R"({"depth": 3})") + Part("counts", R"({"x": 4})") +
                        Part("submit", "Send") + std::string(kEnd)),
            R"(audio: "RI\r\nFF" language: "de" rate: 8000 tags: "a,b" tags: "[" marks: 3 )"
            R"(detail { depth: 1 } details { depth: 2 } details { depth: 3 } counts { key: "x" )"
            R"(value: 4 })");
  EXPECT_EQ(
      Message("look", kForm,
              File("images", "one") + File("mask", "") + File("images", "two") + std::string(kEnd)),
      R"(images: "one" images: "two")");
  EXPECT_EQ(Message("say", kForm, Part("text", "\"") + std::string(kEnd)), R"(text: "\"")");
}

TEST_F(RequestBodyTest, TakesJsonParts) {
  constexpr const char* kJson = "\r\nContent-Type: application/json";
  EXPECT_EQ(Message("hear", kForm,
                    Part("language", "\"de\"", kJson) + File("audio", "x") +
                        Part("marks", "[1, 2]", kJson) + Part("details", R"([{"depth": 2}])") +
                        std::string(kEnd)),
            R"(audio: "x" language: "de" marks: 1 marks: 2 details { depth: 2 })");
}

TEST_F(RequestBodyTest, LetsNoPartBreakOutOfItsField) {
  for (const char* value : {R"({}, "language": "en")", "{", "", "1}", "{\"depth\": 1} x"}) {
    EXPECT_THAT(Message("hear", kForm,
                        Part("language", "de") + File("audio", "x") + Part("detail", value) +
                            std::string(kEnd)),
                HasSubstr("400 detail: "))
        << value;
  }
  EXPECT_THAT(Message("hear", kForm, Part("language", "\xff") + std::string(kEnd)),
              HasSubstr("language: it is not UTF-8"));
}

TEST_F(RequestBodyTest, SaysWhatIsWrongWithAForm) {
  EXPECT_THAT(Message("hear", kForm, Part("language", "de") + std::string(kEnd)),
              HasSubstr("missing: audio"));
  EXPECT_THAT(Message("hear", kForm, File("audio", "x") + File("audio", "y") + std::string(kEnd)),
              HasSubstr("audio: it is there twice"));
  EXPECT_THAT(
      Message("hear", kForm, Part("language", "de") + Part("language", "en") + std::string(kEnd)),
      HasSubstr("language: it is there twice"));
  EXPECT_THAT(Message("hear", kForm, File("audio", "x")), HasSubstr("before its last boundary"));
  EXPECT_THAT(Message("hear", "multipart/form-data", ""), HasSubstr("boundary"));
}

TEST_F(RequestBodyTest, SaysWhatAMethodTakesInstead) {
  EXPECT_EQ(Message("say", "Audio/WAV; rate=8000", "x"),
            "415 say takes a body of application/json, application/x-protobuf, "
            "multipart/form-data; not Audio/WAV");
  EXPECT_THAT(Message("look", "image/png", "x"), HasSubstr("415 look takes"));
  EXPECT_THAT(Message("say", "application/x-ndjson", "x"), HasSubstr("415"));
  const auto refused = [this](const char* name, const char* type) {
    return std::string(CheckMedia({.type = type, .encoding = {}}, Method(name)).message());
  };
  EXPECT_EQ(refused("listen", "audio/wav"), "");
  EXPECT_EQ(refused("count", "application/x-ndjson"), "");
  EXPECT_EQ(refused("count", kForm),
            "count takes a body of application/json, application/x-protobuf, "
            "application/x-ndjson; not multipart/form-data");
}

TEST_F(RequestBodyTest, CutsABodyIntoChunks) {
  EXPECT_THAT(Messages("listen", "audio/wav", "0123456789", 7, "/listen?language=de"),
              ElementsAre(R"(audio: "0123456" language: "de")", R"(audio: "789")"));
  EXPECT_THAT(Messages("listen", "audio/wav", "", 7, "/listen?language=de"),
              ElementsAre(R"(language: "de")"));
  EXPECT_THAT(Messages("listen", "audio/wav", "0123"), ElementsAre("missing: language"));
}

TEST_F(RequestBodyTest, CutsNoChunkLargerThanAWindow) {
  const json::Transcoder::Method& method = Method("listen");
  WorkerPool workers;
  LocalLoop loop(workers);
  std::vector<std::string> wires;
  const std::string body(1000000, 'x');
  const std::string form = Part("language", "de") + File("audio", body) + std::string(kEnd);
  for (const auto& [type, sent] : {std::pair("audio/wav", &body), std::pair(kForm, &form)}) {
    wires.clear();
    ASSERT_TRUE(Wait(Collect(ChunksOf(InPieces(*sent, 300000), *transcoder_, method, type,
                                      "/listen?language=de"),
                             wires),
                     loop)
                    .ok());
    size_t total = 0;
    for (const std::string& wire : wires) {
      EXPECT_LE(wire.size(), kChunk + 20);
      total += wire.size();
    }
    EXPECT_GE(wires.size(), 16u);
    EXPECT_GT(total, body.size());
  }
}

TEST_F(RequestBodyTest, CutsAFileOfAFormIntoChunks) {
  const std::string form = Part("language", "de") + Part("tags", "a") + Part("x", "ignored") +
                           File("audio", "0123456789") + Part("submit", "Send") + std::string(kEnd);
  const std::vector<std::string> whole = Messages("listen", kForm, form, form.size());
  EXPECT_THAT(whole, ElementsAre(R"(audio: "0123456789" language: "de" tags: "a")"));
  std::string audio;
  for (const std::string& message : Messages("listen", kForm, form, 1)) {
    EXPECT_THAT(message, testing::StartsWith("audio: \""));
    audio += message.substr(8, message.find('"', 8) - 8);
  }
  EXPECT_EQ(audio, "0123456789");
  EXPECT_THAT(
      Messages("listen", kForm, Part("language", "de") + File("audio", "") + std::string(kEnd)),
      ElementsAre(R"(language: "de")"));
}

TEST_F(RequestBodyTest, SendsMembersOfOneOneofApart) {
  EXPECT_THAT(
      Messages("follow", kForm,
               Part("setup", R"({"language": "de"})") + File("chunk", "01") + std::string(kEnd),
               1000),
      ElementsAre(R"(setup { language: "de" })", R"(chunk: "01")"));
  EXPECT_THAT(Messages("follow", kForm, Part("setup", R"({"language": "de"})") + std::string(kEnd)),
              ElementsAre(R"(setup { language: "de" })"));
  EXPECT_THAT(Messages("follow", "audio/wav", "01"), ElementsAre(R"(chunk: "01")"));
}

TEST_F(RequestBodyTest, WantsAFormsFieldsBeforeItsFile) {
  EXPECT_THAT(Messages("follow", kForm,
                       File("chunk", "01") + Part("setup", "{}") + std::string(kEnd), 1000),
              ElementsAre(R"(chunk: "01")", "setup comes behind chunk, but is sent before it"));
  EXPECT_THAT(
      Messages("follow", kForm, File("chunk", "01") + File("chunk", "2") + std::string(kEnd), 1000),
      ElementsAre(R"(chunk: "01")", "chunk: it is there twice"));
}

TEST_F(RequestBodyTest, BoundsTheFieldsThatAFormSendsBeforeItsFile) {
  const std::string large(700000, 'x');
  EXPECT_THAT(Messages("listen", kForm,
                       Part("tags", large) + Part("tags", large) + std::string(kEnd), 65536),
              ElementsAre("tags: a form's fields but audio have 1 MiB together"));
}

TEST_F(RequestBodyTest, PassesAFormOnUntilItIsCutOff) {
  EXPECT_THAT(Messages("listen", kForm, Part("language", "de") + File("audio", "0123"), 200),
              ElementsAre(testing::_, HasSubstr("before its last boundary")));
}

TEST_F(RequestBodyTest, TakesTheLimitOfAMethodFromItsContract) {
  const GatewayOptions options;
  EXPECT_EQ(BodyLimitOf(Method("hear"), options), uint64_t{100} << 20);
  EXPECT_EQ(BodyLimitOf(Method("small"), options), 100000u);
  EXPECT_EQ(BodyLimitOf(Method("long"), options), 5000000000u);
}

}  // namespace
}  // namespace chains::gateway
