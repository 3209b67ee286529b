// To compare secrets: how long it takes says nothing of where they differ, nor of which one
// matched.
//
//   const std::string hash = HashKey(shown);
//   const bool known = AnyIs(keys, [&](const Key& key) { return SameBytes(key.hash, hash); });
//
// As CRYPTO_memcmp of OpenSSL, for any iterators: so a test counts what is read
// (tests/runtime/core/constant_time_test.cc).
#pragma once

#include <cstddef>

namespace chains {

// Whether `size` bytes from `a` on are those from `b` on. Reads all of them, wherever they differ.
template <typename A, typename B>
bool SameBytes(A a, B b, size_t size) {
  unsigned char different = 0;
  for (size_t i = 0; i < size; ++i, ++a, ++b) {
    different = static_cast<unsigned char>(
        different | (static_cast<unsigned char>(*a) ^ static_cast<unsigned char>(*b)));
    // The compiler may not conclude that the rest does not matter.
    asm volatile("" : "+r"(different));
  }
  return different == 0;
}

// Two texts; how long they are is no secret.
template <typename A, typename B>
bool SameBytes(const A& a, const B& b) {
  return a.size() == b.size() && SameBytes(a.begin(), b.begin(), a.size());
}

// Whether `is` says so of any of them. Asks of all of them, whichever it is.
template <typename Keys, typename Is>
bool AnyIs(const Keys& keys, const Is& is) {
  unsigned char found = 0;
  for (const auto& key : keys) {
    found = static_cast<unsigned char>(found | static_cast<unsigned char>(is(key)));
    asm volatile("" : "+r"(found));
  }
  return found != 0;
}

}  // namespace chains
