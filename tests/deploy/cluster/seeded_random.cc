// RAND_set_rand_method() is deprecated since OpenSSL 3.0, in favour of providers: a test needs
// none.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tests/deploy/cluster/seeded_random.h"

#include <mutex>
#include <random>

#include <openssl/rand.h>

namespace chains::deploy {
namespace {

std::mutex mutex;
std::mt19937_64 numbers;  // guarded by it

int Bytes(unsigned char* bytes, int count) {
  const std::lock_guard lock(mutex);
  for (int i = 0; i < count; ++i) bytes[i] = static_cast<unsigned char>(numbers() >> 24);
  return 1;
}
int Status() { return 1; }

const RAND_METHOD kMethod{nullptr, Bytes, nullptr, nullptr, Bytes, Status};

}  // namespace

SeededRandom::SeededRandom(uint64_t seed) {
  const std::lock_guard lock(mutex);
  numbers.seed(seed);
  RAND_set_rand_method(&kMethod);
}
SeededRandom::~SeededRandom() { RAND_set_rand_method(nullptr); }

}  // namespace chains::deploy
