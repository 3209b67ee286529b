// What tests of the streaming chain ask, and what comes of it.
//
//   Received received = Wait(Receive(consumer.RunRemote(Items(3))), clock).value();
//   EXPECT_THAT(received.parts, ElementsAre("header 3", "1 Item 1", …));
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"
#include "chains/testing/probe.h"
#include "streaming.pb.h"

namespace streaming {

// So many, without a pause.
inline GeneratorRequest Items(int items) {
  GeneratorRequest request;
  request.set_items(items);
  request.set_interval_ms(0);
  return request;
}

inline Part HeaderPart() {
  Part part;
  part.mutable_header();
  return part;
}
inline Part ItemPart(int number) {
  Part part;
  part.mutable_item()->set_number(number);
  return part;
}
inline Part FooterPart(int items) {
  Part part;
  part.mutable_footer()->set_items(items);
  return part;
}
inline Number NumberOf(int64_t number) {
  Number message;
  message.set_number(number);
  return message;
}

// What came of a stream: parts as text, when they came by the loop's time, how it ended.
struct Received {
  Received(std::vector<std::string> texts, std::vector<absl::Time> times, absl::Status end)
      : parts(std::move(texts)), at(std::move(times)), status(std::move(end)) {}
  std::vector<std::string> parts;
  std::vector<absl::Time> at;
  absl::Status status;
};

inline std::string TextOf(const Part& part) {
  switch (part.part_case()) {
    case Part::kHeader:
      return absl::StrCat("header ", part.header().items());
    case Part::kItem:
      return absl::StrCat(part.item().number(), " ", part.item().text());
    case Part::kFooter:
      return absl::StrCat("footer ", part.footer().items());
    case Part::PART_NOT_SET:
      break;
  }
  return "nothing";
}

inline chains::Task<Received> Receive(chains::Stream<Part> parts) {
  const chains::internal::Here::Place here = co_await chains::internal::Here();
  Received received({}, {}, absl::OkStatus());
  while (true) {
    absl::StatusOr<std::optional<Part>> part = co_await Outcome(parts.Next());
    received.status = part.status();
    if (!part.ok() || !part->has_value()) break;
    received.parts.push_back(TextOf(**part));
    received.at.push_back(here.loop().Now());
  }
  co_return received;
}

// Texts to echo, each as soon as all before it are answered.
inline chains::Stream<EchoRequest> OneAtATime(chains::testing::Probe& answers,
                                              std::vector<std::string> texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    co_await answers.AtLeast(i);
    EchoRequest request;
    request.set_text(texts[i]);
    co_yield std::move(request);
  }
}

}  // namespace streaming
