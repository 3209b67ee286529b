// Backend: what computes the model, behind one interface for processors and GPUs.
//
// A step runs several sequences together: for each, the tokens that are new (a part of a prompt, or
// the one that was drawn last), against the keys and values of those before, which lie in pages
// that the caller gave it. What a sequence gets does not depend on who else is in the step, nor on
// how its prompt was cut into steps: the same bits come out.
//
// The interface crosses the border of a module that is loaded at run time, so it is plain data:
// nothing here is owned, thrown or allocated on one side and freed on the other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace poems::phi {

enum class DType : int32_t { kF32 = 0, kF16 = 1, kBf16 = 2 };

constexpr int64_t BytesOf(DType dtype) { return dtype == DType::kF32 ? 4 : 2; }

// A matrix, row by row without gaps; a vector has one row. A linear layer's has a row per output
// and a column per input, as PyTorch stores it. Aligned to its elements at least. Not owned.
struct Tensor {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  int64_t rows = 0;
  int64_t columns = 0;
};

struct LayerWeights {
  Tensor input_norm;           // 1 x hidden
  Tensor qkv;                  // (heads + 2 * kv_heads) * head_dim x hidden: queries, keys, values
  Tensor attention_output;     // hidden x heads * head_dim
  Tensor post_attention_norm;  // 1 x hidden
  Tensor gate_up;              // 2 * intermediate x hidden: gate, then up
  Tensor down;                 // hidden x intermediate
};

struct Weights {
  Tensor embedding;  // vocab x hidden
  const LayerWeights* layers = nullptr;
  int32_t layer_count = 0;
  Tensor final_norm;  // 1 x hidden
  Tensor head;        // vocab x hidden; the embedding itself where the two are tied
};

// How positions turn queries and keys: element i of a head's first half and element i of its second
// half (each rotary_dim / 2 long) turn by position * frequencies[i], and are scaled.
struct Rotary {
  const float* frequencies = nullptr;  // rotary_dim / 2, in radians per position
  float scale = 1;                     // of cosine and sine (longrope's attention factor)
};

struct Shape {
  int32_t vocab = 0;
  int32_t hidden = 0;
  int32_t layers = 0;
  int32_t heads = 0;
  int32_t kv_heads = 0;  // heads is a multiple: query head h reads key head h / (heads / kv_heads)
  int32_t head_dim = 0;
  int32_t rotary_dim = 0;  // the first elements of each head that turn; even
  int32_t intermediate = 0;
  int32_t max_positions = 0;
  int32_t sliding_window = 0;  // a position sees itself and at most window - 1 before it; 0: all
  float norm_epsilon = 1e-5F;
  Rotary short_rotary;
  Rotary long_rotary;  // for sequences with long_context; the same where the model knows one only
};

// How the next token is drawn from the logits, in this order: repetition_penalty divides positive
// logits of `seen` and multiplies negative ones; temperature divides all; the top_k largest remain
// (ties: the smaller token first); of them, by falling probability, the fewest whose probabilities
// sum to at least top_p; the first of these, by falling probability, at which their renormalized
// sum exceeds `uniform`. Temperature 0 takes the largest logit after the penalty (ties: the smaller
// token).
struct Sampling {
  float temperature = 0;
  int32_t top_k = 0;  // 0: all
  float top_p = 1;
  float repetition_penalty = 1;
  float uniform = 0;              // [0, 1): the draw, made by the caller
  const int32_t* seen = nullptr;  // distinct tokens
  int32_t seen_count = 0;
};

// One sequence's part of a step.
struct SequenceStep {
  const int32_t* tokens = nullptr;  // new ones, at positions position, position + 1, …
  int32_t token_count = 0;          // at least 1
  int32_t position = 0;
  // Page i holds the keys and values of positions [i * page_size, (i + 1) * page_size). Enough of
  // them for position + token_count. The caller never gives a page to two sequences at a time.
  const int32_t* pages = nullptr;
  int32_t page_count = 0;
  bool long_context = false;  // the same in all steps of a sequence

  const Sampling* sampling = nullptr;  // null: nothing is drawn, e.g. in the midst of a prompt
  float* logits = nullptr;  // null, or where the last token's vocab logits go, as computed
  int32_t next = -1;        // out: the token drawn
};

// Why something failed: a code of absl::StatusCode and a message that ends in a zero.
struct BackendError {
  int32_t code = 0;
  char message[1020] = {};
};

struct BackendInfo {
  char name[256] = {};          // for people, e.g. "CPU, AVX-512 bf16, 2 threads"
  int32_t page_size = 0;        // positions a page
  int32_t page_count = 0;       // pages, numbered from 0
  int64_t page_bytes = 0;       // of all layers
  int64_t weight_bytes = 0;     // read by a step of one token
  int32_t max_step_tokens = 0;  // of all sequences of a step together
  int32_t max_step_sequences = 0;
};

struct BackendOptions {
  int32_t threads = 0;             // of a CPU; 0: as many as the process may use
  int32_t device = 0;              // of a GPU
  int64_t kv_bytes = 256LL << 20;  // at most, for keys and values; at least one page is needed
  int32_t max_step_tokens = 256;
  int32_t max_step_sequences = 64;
};

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual const BackendInfo& info() const = 0;

  // Runs `count` sequences together and returns when all of them have their results. One thread at
  // a time. False, with `error` filled in, when the step failed: then nothing of it counts, and the
  // pages of its sequences are as before or must be written again. INVALID_ARGUMENT for what breaks
  // the contract above (a token outside the vocabulary, a page that does not exist, too many
  // tokens).
  virtual bool Step(SequenceStep* sequences, int32_t count, BackendError* error) = 0;
};

}  // namespace poems::phi
