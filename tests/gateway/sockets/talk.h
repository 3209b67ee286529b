// The chain of talk.proto.
#pragma once

#include <cctype>
#include <string>
#include <utility>

#include "chains/core/text.h"
#include "talk.chains.h"

namespace talk {

inline Line LineOf(std::string text) {
  Line line;
  line.set_text(std::move(text));
  return line;
}

class Loud final : public Shout {
 public:
  chains::Stream<Line> RunRemote(chains::Stream<Line> lines) override {
    while (std::optional<Line> line = co_await lines.Next()) {
      if (line->text() == "fail") co_await absl::UnavailableError("hoarse");
      if (line->text() == "hang") continue;
      for (char& c : *line->mutable_text()) {
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      }
      co_yield *std::move(line);
    }
    co_yield LineOf("THAT WAS ALL");
  }
};

class Talker final : public Talk {
 public:
  explicit Talker(Shout& shout) : shout_(shout) {}

  chains::Stream<Line> RunRemote(chains::Stream<Line> lines) override {
    return shout_.RunRemote(std::move(lines));
  }
  chains::Stream<Line> Count(CountRequest request) override {
    for (int i = 0; i < request.lines(); ++i) {
      ++produced;
      Line line = LineOf(chains::Text(i));
      if (request.bytes() > 0)
        line.set_blob(std::string(static_cast<size_t>(request.bytes()), 'x'));
      co_yield std::move(line);
    }
    if (request.has_failure()) co_await absl::DataLossError(request.failure());
  }
  chains::Task<Line> Join(chains::Stream<Line> lines) override {
    std::string all;
    while (std::optional<Line> line = co_await lines.Next()) all += line->text();
    co_return LineOf(std::move(all));
  }
  chains::Task<Line> Once(Line line) override { co_return LineOf("once " + line.text()); }

  int produced = 0;

 private:
  Shout& shout_;
};

}  // namespace talk
