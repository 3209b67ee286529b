#include "phi/cpu/memory.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>

#include "chains/core/text.h"

namespace poems::phi::cpu {

absl::StatusOr<Memory> Memory::Make(int64_t bytes) {
  const auto size = static_cast<size_t>(bytes);
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        chains::Text("no ", bytes, " bytes of memory: ", std::strerror(errno)));
  }
  // Only advice: a kernel without huge pages says no.
  static_cast<void>(madvise(data, size, MADV_HUGEPAGE));
  return Memory(static_cast<std::byte*>(data), size);
}

Memory::~Memory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace poems::phi::cpu
