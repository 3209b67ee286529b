#include "chains/grpc/spare_descriptor.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace chains::internal {
namespace {

// So that one call does not go on for ever while connections keep coming.
constexpr int kShedAtOnce = 1024;

std::mutex mutex;
int spare = -1;  // guarded by mutex
std::atomic<uint64_t> shed{0};

void TakeSpare() {
  if (spare < 0) spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int Accept(int listening, sockaddr* address, socklen_t* size, int flags) {
  return static_cast<int>(syscall(SYS_accept4, listening, address, size, flags));
}

bool IsOutOfSomething(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// What waits is refused, as far as it can be.
void Shed(int listening) {
  const std::lock_guard lock(mutex);
  for (int i = 0; i < kShedAtOnce; ++i) {
    if (spare >= 0) close(spare);
    spare = -1;
    const int refused = Accept(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (refused >= 0) {
      close(refused);
      ++shed;
    }
    TakeSpare();
    if (refused < 0) return;
  }
}

}  // namespace

void KeepASpareDescriptor() {
  const std::lock_guard lock(mutex);
  TakeSpare();
}

uint64_t ConnectionsShed() { return shed.load(); }

}  // namespace chains::internal

// Who listens asks again when the socket is readable.
extern "C" int accept4(int listening, sockaddr* __restrict address, socklen_t* __restrict size,
                       int flags) {
  using chains::internal::IsOutOfSomething;
  const int accepted = chains::internal::Accept(listening, address, size, flags);
  if (accepted >= 0 || !IsOutOfSomething(errno)) return accepted;
  chains::internal::Shed(listening);
  errno = EAGAIN;
  return -1;
}
