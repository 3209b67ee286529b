// Engine: generates texts with a model, many at a time.
//
//   chains::Stream<Piece> pieces = engine.Generate(prompt);
//   while (std::optional<Piece> piece = co_await pieces.Next()) …
//
// Continuous batching: a thread of the engine runs step after step; sequences join before a step
// and leave after it, prompts are taken in parts beside the others' next tokens, and who is dropped
// or past its deadline has left by the next step. Keys and values lie in pages with a bound: a
// sequence is let in when the pages that it may come to need are free, in order of arrival; more
// than `max_waiting` are refused at once (RESOURCE_EXHAUSTED).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "chains/core/stream.h"
#include "phi/backend.h"
#include "phi/tokenizer.h"

namespace poems::phi {

struct Prompt {
  std::vector<int32_t> tokens;  // at least one
  int32_t max_tokens = 128;     // at least 1; prompt and answer together fit max_positions
  float temperature = 0;
  int32_t top_k = 0;
  float top_p = 1;
  float repetition_penalty = 1;
  uint64_t seed = 0;
  std::vector<std::string> stop;  // strings; the text ends before the first of them
};

enum class Finish : int32_t { kNone = 0, kEndToken, kStopString, kMaxTokens };

// What one step added to a text. Text is whole UTF-8 characters, and nothing that may still turn
// out to be the begin of a stop string; so it may be empty, or several tokens' text at once.
struct Piece {
  std::string text;
  int32_t tokens = 0;             // drawn since the piece before
  Finish finish = Finish::kNone;  // other than kNone in the last
};

struct EngineOptions {
  size_t max_sequences = 200;            // that run at a time
  size_t max_waiting = 512;              // more are refused
  std::vector<int32_t> end_tokens = {};  // of config.json: a text ends at these, too
};

struct EngineState {
  size_t running = 0;
  size_t waiting = 0;
  size_t free_pages = 0;
  uint64_t steps = 0;
  uint64_t tokens = 0;  // drawn
};

// Thread-safe. The destructor ends its thread after the step that runs; streams still open fail
// CANCELLED.
class Engine {
 public:
  // The model is what backend and tokenizer were made of, with `shape` and, for longer sequences
  // than `original_max_positions`, its long rotary factors.
  Engine(std::unique_ptr<Backend> backend, const Tokenizer& tokenizer, const Shape& shape,
         int32_t original_max_positions, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // INVALID_ARGUMENT for what breaks Prompt's contract, RESOURCE_EXHAUSTED when too many wait or
  // when it could never fit the pages. Dropping the stream ends the sequence; so does the deadline
  // of the context it is read in (DEADLINE_EXCEEDED). To be read on one loop.
  chains::Stream<Piece> Generate(Prompt prompt);

  EngineState state() const;
  // Why the last step failed; OK when it did not, or there was none.
  absl::Status health() const;
  const BackendInfo& info() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace poems::phi
