// Blocking with a temporary that owns what it captured: g++ 12 would destroy it twice.
#include <cstddef>
#include <string>
#include <utility>

#include "chains/core/blocking.h"

chains::Task<size_t> Length(std::string text) {
#ifdef CORRECTED
  const size_t length = co_await chains::Blocking([&] { return text.size(); });
#else
  auto work = chains::Blocking([text] { return text.size(); });
  const size_t length = co_await std::move(work);
#endif
  co_return length;
}
