#include "phi/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "chains/core/text.h"
#include "chains/json/json_numbers.h"
#include "chains/json/json_reader.h"

namespace poems::phi {
namespace {

using chains::MessageOf;
using chains::Text;
using chains::json::JsonReader;

static_assert(std::endian::native == std::endian::little,
              "weights are read as they lie in the file");

// The format's own limit, which is there so that a forged length cannot claim all memory.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxRank = 8;

// Bytes of an element; 0 for what is not known.
uint64_t ElementBytes(std::string_view dtype) {
  struct Known {
    std::string_view name;
    uint64_t bytes;
  };
  constexpr std::array<Known, 16> kKnown = {{{"BF16", 2},
                                             {"F16", 2},
                                             {"F32", 4},
                                             {"F64", 8},
                                             {"F8_E4M3", 1},
                                             {"F8_E5M2", 1},
                                             {"BOOL", 1},
                                             {"U8", 1},
                                             {"I8", 1},
                                             {"U16", 2},
                                             {"I16", 2},
                                             {"U32", 4},
                                             {"I32", 4},
                                             {"U64", 8},
                                             {"I64", 8},
                                             {"C64", 8}}};
  const auto* found = std::ranges::find(kKnown, dtype, &Known::name);
  return found == kKnown.end() ? 0 : found->bytes;
}

absl::Status Refuse(std::string_view where, std::string_view tensor, std::string_view problem) {
  return absl::InvalidArgumentError(Text(where, ": tensor ", tensor, ": ", problem));
}

// Reads the members of the header. A failure says where in the header it is.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view header) : reader_(header) {}

  // Offsets are still those of the header: from the first byte after it.
  absl::StatusOr<StoredTensors> Read() {
    std::string_view key;
    for (reader_.BeginObject(); reader_.NextMember(key);) {
      if (key == "__metadata__") {
        ReadMetadata();
        continue;
      }
      const auto [tensor, added] = tensors_.try_emplace(std::string(key));
      if (!added) reader_.Fail(reader_.key_offset(), Text("tensor ", key, " comes twice"));
      ReadTensor(tensor->first, tensor->second);
    }
    if (!reader_.Finish()) return reader_.status();
    return std::move(tensors_);
  }

 private:
  // Text to text; what it says does not matter here.
  void ReadMetadata() {
    std::string_view text;
    for (reader_.BeginObject(); reader_.NextMember(text);) reader_.ReadString(text);
  }

  void ReadTensor(const std::string& name, StoredTensor& tensor) {
    const size_t at = reader_.key_offset();
    std::vector<int64_t> offsets;
    int seen = 0;
    std::string_view key;
    for (reader_.BeginObject(); reader_.NextMember(key); ++seen) {
      if (key == "dtype" && tensor.dtype.empty()) {
        std::string_view dtype;
        if (reader_.ReadString(dtype)) tensor.dtype = dtype;
      } else if (key == "shape" && !shaped_) {
        shaped_ = true;
        ReadIntegers(name, "shape", tensor.shape, kMaxRank);
      } else if (key == "data_offsets" && offsets.empty()) {
        ReadIntegers(name, "data_offsets", offsets, 2);
      } else {
        reader_.Fail(reader_.key_offset(),
                     Text("tensor ", name, ": ", key, " is unknown, or comes twice"));
      }
    }
    const bool whole = seen == 3 && shaped_ && offsets.size() == 2 && !tensor.dtype.empty();
    shaped_ = false;
    if (!reader_.ok()) return;
    if (!whole) {
      reader_.Fail(at, Text("tensor ", name, ": needs dtype, shape and two data_offsets"));
    } else if (offsets[0] > offsets[1]) {
      reader_.Fail(at, Text("tensor ", name, ": data_offsets end before they begin"));
    } else {
      tensor.begin = static_cast<uint64_t>(offsets[0]);
      tensor.size = static_cast<uint64_t>(offsets[1] - offsets[0]);
    }
  }

  void ReadIntegers(const std::string& name, std::string_view what, std::vector<int64_t>& into,
                    size_t most) {
    for (reader_.BeginArray(); reader_.NextElement();) {
      const size_t at = reader_.offset();
      std::string_view text;
      if (!reader_.ReadNumber(text)) return;
      const std::optional<int64_t> value = chains::json::ToInt64(text);
      if (!value || *value < 0 || into.size() == most) {
        reader_.Fail(at, Text("tensor ", name, ": ", what, " must be at most ", most,
                              " integers from 0 to 9223372036854775807"));
        return;
      }
      into.push_back(*value);
    }
  }

  JsonReader reader_;
  StoredTensors tensors_;
  bool shaped_ = false;  // the tensor being read has had its shape
};

// nullopt: more bytes than 63 bits can say.
std::optional<uint64_t> BytesOf(const std::vector<int64_t>& shape, uint64_t element_bytes) {
  // A zero makes the product zero, wherever it stands.
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  int64_t bytes = static_cast<int64_t>(element_bytes);
  for (const int64_t size : shape)
    if (__builtin_mul_overflow(bytes, size, &bytes)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

absl::Status CheckTensor(std::string_view where, const std::string& name,
                         const StoredTensor& tensor, uint64_t available) {
  const uint64_t element_bytes = ElementBytes(tensor.dtype);
  if (element_bytes == 0)
    return Refuse(where, name, Text("dtype ", tensor.dtype, " is not known here"));
  const std::optional<uint64_t> bytes = BytesOf(tensor.shape, element_bytes);
  if (!bytes) return Refuse(where, name, "its shape has more elements than 63 bits can count");
  if (*bytes != tensor.size)
    return Refuse(
        where, name,
        Text("its data_offsets span ", tensor.size, " bytes; its shape and dtype take ", *bytes));
  if (tensor.begin > available || tensor.size > available - tensor.begin)
    return Refuse(where, name,
                  Text("it ends at byte ", tensor.begin + tensor.size,
                       " of the tensors' bytes; the file has ", available,
                       " of them: it is truncated, or the header is wrong"));
  return absl::OkStatus();
}

// Every byte belongs to one tensor.
absl::Status CheckCover(std::string_view where, const StoredTensors& tensors, uint64_t available) {
  std::vector<std::pair<uint64_t, StoredTensors::const_iterator>> order;
  order.reserve(tensors.size());
  for (auto tensor = tensors.begin(); tensor != tensors.end(); ++tensor)
    order.emplace_back(tensor->second.begin, tensor);
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second->second.size) < std::pair(b.first, b.second->second.size);
  });
  uint64_t end = 0;
  std::string_view before = "the header";
  for (const auto& [begin, tensor] : order) {
    if (begin < end) return Refuse(where, tensor->first, Text("overlaps tensor ", before));
    if (begin > end)
      return Refuse(where, tensor->first,
                    Text(begin - end, " bytes between it and ", before, " belong to no tensor"));
    end = begin + tensor->second.size;
    before = tensor->first;
  }
  if (end == available) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Text(where, ": ", available - end, " bytes after the last tensor belong to none"));
}

}  // namespace

absl::StatusOr<StoredTensors> ParseSafeTensors(std::string_view file, std::string_view where) {
  uint64_t length = 0;
  if (file.size() < sizeof(length))
    return absl::InvalidArgumentError(
        Text(where, ": ", file.size(), " bytes are too few for a safetensors file"));
  std::memcpy(&length, file.data(), sizeof(length));
  if (length > kMaxHeaderBytes)
    return absl::InvalidArgumentError(Text(where, ": its header would have ", length,
                                           " bytes; at most ", kMaxHeaderBytes,
                                           " are allowed. Is it a safetensors file?"));
  if (length > file.size() - sizeof(length))
    return absl::InvalidArgumentError(Text(where, ": its header has ", length, " bytes, the file ",
                                           file.size(), ": it is truncated"));
  absl::StatusOr<StoredTensors> tensors = HeaderReader(file.substr(sizeof(length), length)).Read();
  if (!tensors.ok())
    return absl::InvalidArgumentError(Text(where, ": header: ", MessageOf(tensors.status())));

  const uint64_t available = file.size() - sizeof(length) - length;
  for (const auto& [name, tensor] : *tensors)
    if (absl::Status status = CheckTensor(where, name, tensor, available); !status.ok())
      return status;
  if (absl::Status status = CheckCover(where, *tensors, available); !status.ok()) return status;
  for (auto& [name, tensor] : *tensors) tensor.begin += sizeof(length) + length;
  return tensors;
}

SafeTensors::SafeTensors(std::string name, MappedFile file, StoredTensors tensors)
    : name_(std::move(name)), file_(std::move(file)), tensors_(std::move(tensors)) {}

absl::StatusOr<SafeTensors> SafeTensors::Open(const std::filesystem::path& file) {
  absl::StatusOr<MappedFile> mapped = MappedFile::Open(file);
  if (!mapped.ok()) return mapped.status();
  absl::StatusOr<StoredTensors> tensors = ParseSafeTensors(mapped->bytes(), file.string());
  if (!tensors.ok()) return tensors.status();
  return SafeTensors(file.string(), *std::move(mapped), *std::move(tensors));
}

const StoredTensor* SafeTensors::Find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace poems::phi
