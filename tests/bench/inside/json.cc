// JSON to wire format and back, against protobuf's own converter with generated classes.
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "chains/json/transcoder.h"
#include "tests/bench/bench.pb.h"
#include "tests/bench/inside/timing.h"

namespace bench {
namespace {

using chains::json::Transcoder;

std::unique_ptr<const Transcoder> MakeTranscoder() {
  google::protobuf::FileDescriptorSet files;
  SmallJson::descriptor()->file()->CopyTo(files.add_file());
  return *Transcoder::Create(files, "bench.Json");
}

template <typename M>
void TimeOne(const Transcoder& transcoder, const char* method_name, const std::string& what,
             const std::string& json, int rounds, std::vector<Timed>& all) {
  const Transcoder::Method& method = *transcoder.Find(method_name);
  const std::string wire = *transcoder.RequestToWire(method, json);
  all.push_back(TimeBoth(
      absl::StrCat("JSON to wire, ", what), rounds,
      [&](int64_t n) {
        for (; n > 0; --n) Keep(transcoder.RequestToWire(method, json));
      },
      [&](int64_t n) {
        for (; n > 0; --n) {
          M message;
          Keep(google::protobuf::util::JsonStringToMessage(json, &message));
          Keep(message.SerializeAsString());
        }
      }));
  google::protobuf::util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  print.always_print_primitive_fields = true;
  all.push_back(TimeBoth(
      absl::StrCat("wire to JSON, ", what), rounds,
      [&](int64_t n) {
        for (; n > 0; --n) Keep(transcoder.ReplyToJson(method, wire));
      },
      [&](int64_t n) {
        for (; n > 0; --n) {
          M message;
          Keep(message.ParseFromString(wire));
          std::string text;
          Keep(google::protobuf::util::MessageToJsonString(message, &text, print));
        }
      }));
}

}  // namespace

std::vector<Timed> TimeJson(int rounds) {
  const std::unique_ptr<const Transcoder> transcoder = MakeTranscoder();
  std::string names = R"({"names": [)";
  for (int i = 0; i < 10'000; ++i) absl::StrAppend(&names, i == 0 ? "" : ", ", "\"name", i, "\"");
  names += "]}";
  std::string blob(1 << 20, '\0');
  for (size_t i = 0; i < blob.size(); ++i) blob[i] = static_cast<char>(i * 131 + (i >> 8));
  std::vector<Timed> all;
  TimeOne<SmallJson>(*transcoder, "small", "33 B", R"({"name": "Ada Lovelac", "age": 36})", rounds,
                     all);
  TimeOne<MediumJson>(
      *transcoder, "medium", "226 B",
      R"({"title": "On the engine", "id": "1842", "ratio": 0.125, "ready": true, )"
      R"("color": "COLOR_GREEN", "counts": {"notes": 7, "pages": 66}, "people": [)"
      R"({"name": "Ada", "age": 36}, {"name": "Charles", "age": 79}], "url": "https://a.example/7"})",
      rounds, all);
  TimeOne<NamesJson>(*transcoder, "names", "10,000 strings", names, rounds, all);
  TimeOne<BlobJson>(*transcoder, "blob", "1 MiB of bytes",
                    absl::StrCat(R"({"data": ")", absl::Base64Escape(blob), R"("})"), rounds, all);
  return all;
}

}  // namespace bench
