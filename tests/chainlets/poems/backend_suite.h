// The tests that every backend passes. A backend's own test names it, and how exact it is:
//
//   INSTANTIATE_TEST_SUITE_P(Cpu, BackendSuite, testing::Values(SuiteBackend{…}), NameOfBackend);
//
// Add backend_suite.cc, memory_model.cc and reference.cc to the sources of that test.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "memory_model.h"
#include "phi/backend.h"

namespace poems::phi {

struct SuiteBackend {
  using Make = std::function<absl::StatusOr<std::unique_ptr<Backend>>(const Shape&, const Weights&,
                                                                      const BackendOptions&)>;
  // Of logits: the largest error against the reference, divided by the largest logit.
  struct Precision {
    DType dtype = DType::kF32;
    double bound = 0;
  };

  std::string name;                   // letters and digits
  Make make;                          // UNAVAILABLE skips the test, with the reason
  std::vector<Precision> precisions;  // of the types of weights that it takes
};

inline std::string NameOfBackend(const testing::TestParamInfo<SuiteBackend>& info) {
  return info.param.name;
}

// Parts of sequences, run on a backend with pages that are handed out in no order.
class SuiteRunner {
 public:
  explicit SuiteRunner(std::unique_ptr<Backend> backend);

  struct Sequence {
    std::vector<int32_t> pages = {};
    int32_t position = 0;
    bool long_context = false;
  };
  struct Part {
    Sequence* sequence;
    std::vector<int32_t> tokens;
    const Sampling* sampling = nullptr;
  };
  struct Result {
    std::vector<float> logits;  // after the part's last token
    int32_t next = -1;
  };

  // One step; the sequences move on. A failure fails the test.
  std::vector<Result> Step(std::span<const Part> parts, int32_t vocab);
  // The same for one sequence; its logits.
  std::vector<float> Feed(Sequence& sequence, std::span<const int32_t> tokens, int32_t vocab);
  // Gives its pages back; the sequence begins anew.
  void Leave(Sequence& sequence);

  Backend& backend() { return *backend_; }

 private:
  std::unique_ptr<Backend> backend_;
  std::vector<int32_t> free_;
};

class BackendSuite : public testing::TestWithParam<SuiteBackend> {
 protected:
  // Null after the test was skipped or failed.
  std::unique_ptr<Backend> Make(const MemoryModel& model, BackendOptions options = {});
  std::unique_ptr<Backend> Make(const Shape& shape, const Weights& weights,
                                BackendOptions options = {});
};

// Shapes that differ in what matters: ratios of heads, odd sizes, windows, partial rotation.
struct NamedShape {
  std::string name;
  Shape shape;
};
std::vector<NamedShape> SuiteShapes();

// Tokens without meaning, the same for the same seed.
std::vector<int32_t> RandomTokens(size_t count, int32_t vocab, uint32_t seed);

}  // namespace poems::phi
