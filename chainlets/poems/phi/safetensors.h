// SafeTensors: a file of tensors in the safetensors format, mapped.
//
//   absl::StatusOr<SafeTensors> file = SafeTensors::Open("model.safetensors");
//   const StoredTensor* tensor = file->Find("model.norm.weight");
//   const char* data = file->data(*tensor);
//
// The format is that of README.md of huggingface/safetensors: eight bytes with the length of a
// header, the header in JSON, and the tensors' bytes, little-endian, without holes. All of it is
// checked: lengths, names that come twice, types, shapes against sizes, tensors that overlap or
// leave gaps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "phi/mapped_file.h"

namespace poems::phi {

struct StoredTensor {
  std::string dtype;           // as the file says it: "BF16"
  std::vector<int64_t> shape;  // its product fits 63 bits; empty for a single number
  uint64_t begin = 0;          // in the file, in bytes
  uint64_t size = 0;           // in bytes
};

using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

// The tensors of a file with these bytes. INVALID_ARGUMENT names `where`, the tensor and the
// reason.
absl::StatusOr<StoredTensors> ParseSafeTensors(std::string_view file, std::string_view where);

// Read-only; any thread may read. Move-only.
class SafeTensors {
 public:
  static absl::StatusOr<SafeTensors> Open(const std::filesystem::path& file);

  const std::string& name() const { return name_; }
  const StoredTensors& tensors() const { return tensors_; }
  // Null when there is none of that name.
  const StoredTensor* Find(std::string_view name) const;
  // `tensor` is of this file. Valid as long as this object lives, wherever it is moved.
  const char* data(const StoredTensor& tensor) const { return file_.bytes().data() + tensor.begin; }
  // Asks the kernel to begin reading all of it; returns at once.
  void Prefetch() const { file_.Prefetch(); }

 private:
  SafeTensors(std::string name, MappedFile file, StoredTensors tensors);

  std::string name_;
  MappedFile file_;
  StoredTensors tensors_;
};

}  // namespace poems::phi
