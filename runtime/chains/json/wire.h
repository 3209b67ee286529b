// Protobuf's wire format: a writer, and a reader of one message's fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

namespace chains::json {

enum class WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5
};

// How values of `type` travel where they are not packed.
WireType WireTypeOf(google::protobuf::FieldDescriptor::Type type);

inline uint64_t ZigZag(int64_t n) {
  return static_cast<uint64_t>(n) << 1 ^ static_cast<uint64_t>(n >> 63);
}
inline int64_t UnZigZag(uint64_t n) { return static_cast<int64_t>(n >> 1 ^ (~(n & 1) + 1)); }

// Appends fields. A message inside a message is written between Open and Close:
//
//   writer.Tag(3, WireType::kBytes);
//   auto part = writer.Open();
//   … the fields of it …
//   writer.Close(part);
class WireWriter {
 public:
  struct Part {
    size_t begin;
    size_t inserted;
  };

  void Tag(uint32_t number, WireType type) { Varint(number << 3 | static_cast<uint32_t>(type)); }
  void Varint(uint64_t value) {
    if (value < 0x80) {
      out_ += static_cast<char>(value);
    } else {
      LongVarint(value);
    }
  }
  void Fixed32(uint32_t value);
  void Fixed64(uint64_t value);
  void Bytes(std::string_view bytes);
  // For whoever appends bytes in place, after their number.
  std::string& bytes() { return out_; }
  // Room for about so many bytes: without, a large message is moved each time it has doubled.
  void Reserve(size_t size) { out_.reserve(size); }

  Part Open();
  void Close(Part part);

  // What Take() will answer has this many bytes, or a few more.
  size_t size() const { return out_.size() + inserted_; }
  std::string Take() &&;

 private:
  // A length that needs more than the one byte that Open left for it.
  struct Long {
    size_t at;
    uint64_t length;
  };
  void LongVarint(uint64_t value);

  std::string out_;
  std::vector<Long> longs_;
  size_t inserted_ = 0;  // bytes that `longs_` will add to `out_`
};

// One field after another. `bytes` outlives it.
class WireReader {
 public:
  struct Field {
    uint32_t number = 0;
    WireType type = WireType::kVarint;
    uint64_t value = 0;      // of a varint or fixed field
    std::string_view bytes;  // of a bytes field; a group is skipped whole
  };

  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}

  // False at the end, and at what is no valid field; then ok() is false.
  bool Next(Field& field);
  // The next bare value, in a packed list.
  bool NextPacked(WireType type, uint64_t& value);
  bool ok() const { return ok_; }
  size_t offset() const { return at_; }

 private:
  bool Tag(Field& field);
  bool Varint(uint64_t& value, int longest = 10);
  bool Fixed(size_t width, uint64_t& value);
  bool Value(Field& field);
  bool SkipGroup(uint32_t number);
  bool Bad() { return ok_ = false; }

  std::string_view bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace chains::json
