#include "chains/json/wire.h"

#include <algorithm>

namespace chains::json {
namespace {

using google::protobuf::FieldDescriptor;

constexpr uint64_t kLongestInOneByte = 0x7F;
constexpr int kLongestTag = 5;  // bytes

// Little endian, seven bits a byte.
template <typename Sink>
void EachByteOfVarint(uint64_t value, Sink sink) {
  for (; value > kLongestInOneByte; value >>= 7) sink(static_cast<char>(value | 0x80));
  sink(static_cast<char>(value));
}

size_t VarintSize(uint64_t value) {
  size_t size = 0;
  EachByteOfVarint(value, [&](char) { ++size; });
  return size;
}

}  // namespace

WireType WireTypeOf(FieldDescriptor::Type type) {
  switch (type) {
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return WireType::kFixed64;
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return WireType::kFixed32;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return WireType::kBytes;
    case FieldDescriptor::TYPE_GROUP:
      return WireType::kGroup;
    default:
      return WireType::kVarint;
  }
}

void WireWriter::LongVarint(uint64_t value) {
  EachByteOfVarint(value, [this](char byte) { out_ += byte; });
}

void WireWriter::Fixed32(uint32_t value) {
  for (int i = 0; i < 4; ++i) out_ += static_cast<char>(value >> 8 * i);
}

void WireWriter::Fixed64(uint64_t value) {
  for (int i = 0; i < 8; ++i) out_ += static_cast<char>(value >> 8 * i);
}

void WireWriter::Bytes(std::string_view bytes) {
  Varint(bytes.size());
  out_ += bytes;
}

WireWriter::Part WireWriter::Open() {
  out_ += '\0';
  return {.begin = out_.size(), .inserted = inserted_};
}

void WireWriter::Close(Part part) {
  const uint64_t length = out_.size() - part.begin + inserted_ - part.inserted;
  if (length <= kLongestInOneByte) {
    out_[part.begin - 1] = static_cast<char>(length);
    return;
  }
  longs_.push_back({.at = part.begin - 1, .length = length});
  inserted_ += VarintSize(length) - 1;
}

std::string WireWriter::Take() && {
  if (longs_.empty()) return std::move(out_);
  std::sort(longs_.begin(), longs_.end(), [](const Long& a, const Long& b) { return a.at < b.at; });
  std::string whole;
  whole.reserve(size());
  size_t copied = 0;
  for (const Long& length : longs_) {
    whole.append(out_, copied, length.at - copied);
    EachByteOfVarint(length.length, [&](char byte) { whole += byte; });
    copied = length.at + 1;
  }
  whole.append(out_, copied);
  return whole;
}

bool WireReader::Next(Field& field) {
  if (!ok_ || at_ == bytes_.size()) return false;
  return Tag(field) && Value(field);
}

bool WireReader::Tag(Field& field) {
  uint64_t tag = 0;
  if (!Varint(tag, kLongestTag)) return false;
  field.number = static_cast<uint32_t>(tag) >> 3;  // what is above 32 bits protobuf drops, too
  field.type = static_cast<WireType>(tag & 7);
  return field.number != 0 || Bad();
}

bool WireReader::Value(Field& field) {
  switch (field.type) {
    case WireType::kVarint:
      return Varint(field.value);
    case WireType::kFixed64:
      return Fixed(8, field.value);
    case WireType::kFixed32:
      return Fixed(4, field.value);
    case WireType::kGroup:
      return SkipGroup(field.number);
    case WireType::kBytes:
      break;
    default:
      return Bad();
  }
  uint64_t length = 0;
  if (!Varint(length)) return false;
  if (length > bytes_.size() - at_) return Bad();
  field.bytes = bytes_.substr(at_, length);
  at_ += length;
  return true;
}

bool WireReader::NextPacked(WireType type, uint64_t& value) {
  if (!ok_ || at_ == bytes_.size()) return false;
  switch (type) {
    case WireType::kVarint:
      return Varint(value);
    case WireType::kFixed64:
      return Fixed(8, value);
    case WireType::kFixed32:
      return Fixed(4, value);
    default:
      return Bad();
  }
}

bool WireReader::Varint(uint64_t& value, int longest) {
  value = 0;
  for (int shift = 0; shift < 7 * longest && at_ < bytes_.size(); shift += 7) {
    const uint64_t byte = static_cast<unsigned char>(bytes_[at_++]);
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return Bad();
}

bool WireReader::Fixed(size_t width, uint64_t& value) {
  if (bytes_.size() - at_ < width) return Bad();
  value = 0;
  for (size_t i = 0; i < width; ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes_[at_++])) << 8 * i;
  }
  return true;
}

// Groups may nest; a stack of their numbers instead of recursion.
bool WireReader::SkipGroup(uint32_t number) {
  std::vector<uint32_t> open = {number};
  while (!open.empty()) {
    Field field;
    if (!Tag(field)) return false;
    if (field.type == WireType::kGroup) {
      open.push_back(field.number);
    } else if (field.type == WireType::kEndGroup) {
      if (field.number != open.back()) return Bad();
      open.pop_back();
    } else if (!Value(field)) {
      return false;
    }
  }
  return true;
}

}  // namespace chains::json
