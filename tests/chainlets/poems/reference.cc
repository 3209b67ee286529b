#include "reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace poems::phi {
namespace {

using Row = std::vector<double>;

// By arithmetic on sign, exponent and fraction, as the formats are defined.
double Value(const Tensor& tensor, int64_t index) {
  if (tensor.dtype == DType::kF32) {
    float value = 0;
    std::memcpy(&value, static_cast<const char*>(tensor.data) + index * 4, 4);
    return value;
  }
  uint16_t bits = 0;
  std::memcpy(&bits, static_cast<const char*>(tensor.data) + index * 2, 2);
  const bool half = tensor.dtype == DType::kF16;
  const int fraction_bits = half ? 10 : 7;
  const int bias = half ? 15 : 127;
  const int exponent = (bits & 0x7fff) >> fraction_bits;
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const double sign = bits >> 15 != 0 ? -1 : 1;
  const double one = std::ldexp(1.0, fraction_bits);
  if (exponent == 0) return sign * std::ldexp(fraction / one, 1 - bias);
  return sign * std::ldexp(1 + fraction / one, exponent - bias);
}

// All of a tensor, since every token reads it.
struct Matrix {
  explicit Matrix(const Tensor& tensor)
      : rows(static_cast<size_t>(tensor.rows)), columns(static_cast<size_t>(tensor.columns)) {
    for (size_t i = 0; i < rows * columns; ++i) {
      values.push_back(Value(tensor, static_cast<int64_t>(i)));
    }
  }

  size_t rows;
  size_t columns;
  Row values;
};

Row Times(const Matrix& weights, const Row& row) {
  Row result(weights.rows);
  for (size_t output = 0; output < weights.rows; ++output) {
    double sum = 0;
    for (size_t i = 0; i < weights.columns; ++i) {
      sum += weights.values[output * weights.columns + i] * row[i];
    }
    result[output] = sum;
  }
  return result;
}

Row Normalized(const Row& row, const Matrix& norm, double epsilon) {
  double squares = 0;
  for (const double value : row) squares += value * value;
  const double root = std::sqrt(squares / static_cast<double>(row.size()) + epsilon);
  Row result(row.size());
  for (size_t i = 0; i < row.size(); ++i) {
    result[i] = row[i] / root * norm.values[i];
  }
  return result;
}

void AddTo(Row& row, const Row& more) {
  for (size_t i = 0; i < row.size(); ++i) row[i] += more[i];
}

struct Layer {
  explicit Layer(const LayerWeights& weights)
      : input_norm(weights.input_norm),
        qkv(weights.qkv),
        attention_output(weights.attention_output),
        post_attention_norm(weights.post_attention_norm),
        gate_up(weights.gate_up),
        down(weights.down) {}

  Matrix input_norm, qkv, attention_output, post_attention_norm, gate_up, down;
};

class Reference {
 public:
  Reference(const Shape& shape, bool long_context)
      : shape_(shape), rotary_(long_context ? shape.long_rotary : shape.short_rotary) {}

  void RunLayer(const Layer& layer, std::vector<Row>& rows) const {
    std::vector<Row> qkv;
    for (const Row& row : rows) {
      qkv.push_back(Times(layer.qkv, Normalized(row, layer.input_norm, shape_.norm_epsilon)));
      for (int head = 0; head < shape_.heads + shape_.kv_heads; ++head) {
        Turn(qkv.back().data() + head * shape_.head_dim, qkv.size() - 1);
      }
    }
    for (size_t position = 0; position < rows.size(); ++position) {
      AddTo(rows[position], Times(layer.attention_output, Attended(qkv, position)));
      AddTo(rows[position], Fed(layer, rows[position]));
    }
  }

 private:
  void Turn(double* head, size_t position) const {
    const int half = shape_.rotary_dim / 2;
    for (int i = 0; i < half; ++i) {
      const double angle = static_cast<double>(position) * rotary_.frequencies[i];
      const double a = head[i];
      const double b = head[half + i];
      head[i] = (a * std::cos(angle) - b * std::sin(angle)) * rotary_.scale;
      head[half + i] = (b * std::cos(angle) + a * std::sin(angle)) * rotary_.scale;
    }
  }

  Row Attended(const std::vector<Row>& qkv, size_t position) const {
    const size_t window = static_cast<size_t>(shape_.sliding_window);
    const size_t first = window > 0 && position + 1 > window ? position + 1 - window : 0;
    const int dim = shape_.head_dim;
    Row result(static_cast<size_t>(shape_.heads) * dim);
    for (int head = 0; head < shape_.heads; ++head) {
      const int kv_head = head / (shape_.heads / shape_.kv_heads);
      const int key_at = (shape_.heads + kv_head) * dim;
      const int value_at = key_at + shape_.kv_heads * dim;
      Row scores;
      for (size_t seen = first; seen <= position; ++seen) {
        double score = 0;
        for (int i = 0; i < dim; ++i)
          score += qkv[position][head * dim + i] * qkv[seen][key_at + i];
        scores.push_back(score / std::sqrt(static_cast<double>(dim)));
      }
      const double largest = *std::max_element(scores.begin(), scores.end());
      double sum = 0;
      for (double& score : scores) sum += score = std::exp(score - largest);
      for (size_t seen = first; seen <= position; ++seen) {
        for (int i = 0; i < dim; ++i) {
          result[head * dim + i] += scores[seen - first] / sum * qkv[seen][value_at + i];
        }
      }
    }
    return result;
  }

  Row Fed(const Layer& layer, const Row& row) const {
    const Row both =
        Times(layer.gate_up, Normalized(row, layer.post_attention_norm, shape_.norm_epsilon));
    const size_t size = static_cast<size_t>(shape_.intermediate);
    Row inner(size);
    for (size_t i = 0; i < size; ++i) {
      inner[i] = both[i] / (1 + std::exp(-both[i])) * both[size + i];
    }
    return Times(layer.down, inner);
  }

  const Shape& shape_;
  const Rotary rotary_;
};

}  // namespace

std::vector<std::vector<double>> ReferenceLogits(const Shape& shape, const Weights& weights,
                                                 std::span<const int32_t> tokens,
                                                 bool long_context) {
  const Matrix embedding(weights.embedding);
  std::vector<Row> rows;
  for (const int32_t token : tokens) {
    const double* begin = embedding.values.data() + int64_t{token} * shape.hidden;
    rows.emplace_back(begin, begin + shape.hidden);
  }
  const Reference reference(shape, long_context);
  for (int32_t i = 0; i < weights.layer_count; ++i) {
    reference.RunLayer(Layer(weights.layers[i]), rows);
  }
  const Matrix norm(weights.final_norm);
  const Matrix head(weights.head);
  for (Row& row : rows) row = Times(head, Normalized(row, norm, shape.norm_epsilon));
  return rows;
}

int32_t ReferenceDraw(const Sampling& sampling, std::span<const float> logits) {
  Row values(logits.begin(), logits.end());
  for (int32_t i = 0; i < sampling.seen_count; ++i) {
    double& value = values[sampling.seen[i]];
    value = value > 0 ? value / sampling.repetition_penalty : value * sampling.repetition_penalty;
  }
  std::vector<int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return values[a] > values[b]; });
  if (sampling.temperature == 0) return order[0];
  if (sampling.top_k > 0 && sampling.top_k < static_cast<int32_t>(order.size())) {
    order.resize(sampling.top_k);
  }
  Row probabilities;
  for (const int32_t token : order) {
    probabilities.push_back(std::exp((values[token] - values[order[0]]) / sampling.temperature));
  }
  const double all = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  size_t kept = 0;
  double sum = 0;
  while (kept < order.size() && sum < sampling.top_p * all) sum += probabilities[kept++];
  double drawn = 0;
  for (size_t i = 0; i < kept; ++i) {
    drawn += probabilities[i];
    if (drawn > sampling.uniform * sum) return order[i];
  }
  return order[kept - 1];
}

}  // namespace poems::phi
