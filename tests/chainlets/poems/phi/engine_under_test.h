// EngineUnderTest: an engine over a scripted backend, a loop to read on, and readers.
//
//   EngineUnderTest under({.page_count = 8});
//   Reader reader(under.loop, under.engine->Generate(PromptOf("once")));
//   under.loop.RunUntil([&] { return reader.done(); });
//   EXPECT_EQ(reader.answer()->text, Expected("once", 10));
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "byte_tokenizer.h"
#include "chains/core/local_loop.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "phi/engine.h"
#include "scripted_backend.h"

namespace poems::phi {

inline Prompt PromptOf(std::string_view text, int32_t max_tokens = 10) {
  Prompt prompt;
  prompt.tokens = ByteTokenizer().Encode(text);
  prompt.max_tokens = max_tokens;
  return prompt;
}

// What ScriptedBackend::Letter writes after a prompt.
inline std::string Expected(std::string_view prompt, int32_t max_tokens = 10) {
  std::vector<int32_t> tokens = ByteTokenizer().Encode(prompt);
  std::string text;
  for (int32_t i = 0; i < max_tokens; ++i) {
    tokens.push_back(ScriptedBackend::Letter(tokens, Sampling()));
    text += ByteTokenizer().Piece(tokens.back());
  }
  return text;
}

struct Answer {
  std::string text;
  int32_t tokens = 0;
  Finish finish = Finish::kNone;
};

inline Shape SmallShape() {
  Shape shape;
  shape.vocab = 300;
  shape.max_positions = 2000;
  return shape;
}

// Reads a text on a loop, which the test runs. It may pause after some pieces, until it is told to
// go on.
class Reader {
 public:
  Reader(chains::Loop& loop, chains::Stream<Piece> pieces, size_t pause_after = 1U << 30,
         chains::Context context = {})
      : pause_after_(pause_after),
        root_(loop, std::move(context), Read(*this, std::move(pieces)),
              [this](absl::StatusOr<Answer> answer) { answer_ = std::move(answer); }) {
    root_.Start();
  }
  Reader(const Reader&) = delete;

  bool done() const { return answer_.has_value(); }
  const absl::StatusOr<Answer>& answer() const { return *answer_; }
  size_t pieces() const { return pieces_; }
  // On the loop's thread.
  void GoOn() {
    pause_after_ = 1U << 30;
    go_on_.Give();
  }

 private:
  static chains::Task<Answer> Read(Reader& self, chains::Stream<Piece> pieces) {
    Answer answer;
    while (std::optional<Piece> piece = co_await pieces.Next()) {
      answer.text += piece->text;
      answer.tokens += piece->tokens;
      answer.finish = piece->finish;
      ++self.pieces_;
      while (self.pieces_ >= self.pause_after_) co_await self.go_on_.Wait();
    }
    co_return answer;
  }

  size_t pause_after_;
  size_t pieces_ = 0;
  chains::Notice go_on_;
  std::optional<absl::StatusOr<Answer>> answer_;
  chains::internal::Root<Answer> root_;
};

struct EngineUnderTest {
  explicit EngineUnderTest(ScriptedBackend::Options backend = {}, EngineOptions options = {})
      : engine(std::make_unique<Engine>(std::make_unique<ScriptedBackend>(std::move(backend)),
                                        ByteTokenizer(), SmallShape(), 1000, std::move(options))) {}

  // One text, read to its end.
  absl::StatusOr<Answer> Ask(Prompt prompt) {
    Reader reader(loop, engine->Generate(std::move(prompt)));
    loop.RunUntil([&] { return reader.done(); });
    return reader.answer();
  }

  chains::WorkerPool workers;
  chains::LocalLoop loop{workers};
  std::unique_ptr<Engine> engine;
};

}  // namespace poems::phi
