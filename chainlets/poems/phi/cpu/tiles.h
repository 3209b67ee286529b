// MultiplyByTiles: cuts a product into tiles that fit registers and caches, for any level.
//
// A level's Isa has kMaxRows, Outputs(rows) (how many outputs a tile of so many rows has),
// kWideRows and kWideOutputs (the tile of many rows), and the tile itself:
//   template <DType, int kRows, int kOutputs> static void Tile(const TileOf&);
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "phi/cpu/kernels.h"

namespace poems::phi::cpu {

struct TileOf {
  const float* rows = nullptr;
  int64_t row_stride = 0;  // floats
  const std::byte* weights = nullptr;
  int64_t weight_stride = 0;  // bytes
  int64_t columns = 0;
  // Bytes from a weight to what is read after this tile: to be asked for early. A row is often as
  // long as a page of memory, and there the processor does not look beyond a page's end by itself.
  int64_t ahead = 0;
  float* out = nullptr;
  int64_t out_stride = 0;
  bool add = false;

  void Put(int row, int output, float sum) const {
    float& place = out[row * out_stride + output];
    place = add ? place + sum : sum;
  }
};

template <typename Isa, DType kType>
class Tiles {
 public:
  explicit Tiles(const Product& product) : product_(product) {}

  void Run() const {
    if (product_.row_count <= Isa::kMaxRows) {
      Few(static_cast<int>(product_.row_count));
    } else {
      Many();
    }
  }

 private:
  using Function = void (*)(const TileOf&);
  template <typename Rows>
  static constexpr auto Table(Rows tile_of) {
    return [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
      return std::array<Function, sizeof...(kIndex)>{
          tile_of(std::integral_constant<int, kIndex + 1>())...};
    }
    (std::make_index_sequence<Isa::kMaxRows>());
  }
  static constexpr auto kNarrow = Table(
      [](auto rows) -> Function { return &Isa::template Tile<kType, rows, Isa::Outputs(rows)>; });
  static constexpr auto kSingle =
      Table([](auto rows) -> Function { return &Isa::template Tile<kType, rows, 1>; });
  static constexpr auto kWide = Table([](auto rows) -> Function {
    return &Isa::template Tile<kType, std::min<int>(rows, Isa::kWideRows), Isa::kWideOutputs>;
  });

  // Every weight is read once.
  void Few(int rows) const {
    const int outputs = Isa::Outputs(rows);
    int64_t output = product_.first;
    for (; output + outputs <= product_.last; output += outputs)
      kNarrow[rows - 1](At(0, output, outputs));
    for (; output < product_.last; ++output) kSingle[rows - 1](At(0, output, 1));
  }

  // As many rows at a time as stay in the second cache while the weights pass by.
  void Many() const {
    constexpr int64_t kCacheBytes = 768 << 10;
    const int64_t row_bytes = PackedStride(product_.weights->columns) * 4;
    const int64_t group =
        std::max<int64_t>(kCacheBytes / row_bytes / Isa::kWideRows, 1) * Isa::kWideRows;
    for (int64_t begin = 0; begin < product_.row_count; begin += group) {
      const int64_t end = std::min(begin + group, product_.row_count);
      int64_t output = product_.first;
      for (; output + Isa::kWideOutputs <= product_.last; output += Isa::kWideOutputs) {
        Rows(kWide, begin, end, output);
      }
      for (; output < product_.last; ++output) Rows(kSingle, begin, end, output);
    }
  }

  void Rows(const std::array<Function, Isa::kMaxRows>& tiles, int64_t begin, int64_t end,
            int64_t output) const {
    for (int64_t row = begin; row < end; row += Isa::kWideRows) {
      const int64_t rows = std::min<int64_t>(end - row, Isa::kWideRows);
      tiles[static_cast<size_t>(rows - 1)](At(row, output, row == begin ? Isa::kWideOutputs : 0));
    }
  }

  TileOf At(int64_t row, int64_t output, int64_t outputs) const {
    const Tensor& weights = *product_.weights;
    const int64_t weight_stride = weights.columns * BytesOf(kType);
    return {.rows = product_.rows + row * PackedStride(weights.columns),
            .row_stride = PackedStride(weights.columns),
            .weights = static_cast<const std::byte*>(weights.data) + output * weight_stride,
            .weight_stride = weight_stride,
            .columns = weights.columns,
            .ahead = outputs * weight_stride,
            .out = product_.out + row * product_.out_stride + output,
            .out_stride = product_.out_stride,
            .add = product_.add};
  }

  const Product& product_;
};

template <typename Isa>
void MultiplyByTiles(const Product& product) {
  switch (product.weights->dtype) {
    case DType::kF32:
      return Tiles<Isa, DType::kF32>(product).Run();
    case DType::kF16:
      return Tiles<Isa, DType::kF16>(product).Run();
    case DType::kBf16:
      return Tiles<Isa, DType::kBf16>(product).Run();
  }
}

}  // namespace poems::phi::cpu
