// Asks a chain that runs for a transcript, and prints each event as a line of JSON when it comes.
//
//   transcribe_listen ADDRESS '{"media_url": "https://host/speech.mp3"}'
#include <cstdio>
#include <optional>
#include <string>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_format.h"
#include "chains/chain/client.h"
#include "transcribe.chains.h"

namespace transcribe {
namespace {

chains::Task<void> Print(chains::Stream<TranscribeEvent> events) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  while (std::optional<TranscribeEvent> event = co_await events.Next()) {
    std::string line;
    const auto printed = google::protobuf::util::MessageToJsonString(*event, &line, options);
    if (!printed.ok()) co_await absl::InternalError("an event cannot be printed");
    absl::PrintF("%s\n", line);
    std::fflush(stdout);
  }
}

absl::Status Listen(const std::string& address, const std::string& json) {
  TranscribeRequest request;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &request);
  if (!parsed.ok())
    return absl::InvalidArgumentError("REQUEST is no request: " + parsed.ToString());
  chains::Client<Transcribe> client(address);
  return client
      .Run([&](Transcribe& transcribe) { return Print(transcribe.StreamSegments(request)); },
           {.timeout = absl::Hours(1)})
      .status();
}

}  // namespace
}  // namespace transcribe

int main(int argc, char** argv) {
  if (argc != 3) {
    absl::FPrintF(stderr, "usage: transcribe_listen ADDRESS REQUEST\n");
    return 2;
  }
  const absl::Status status = transcribe::Listen(argv[1], argv[2]);
  if (status.ok()) return 0;
  absl::FPrintF(stderr, "transcribe_listen: %s\n", status.ToString());
  return 1;
}
