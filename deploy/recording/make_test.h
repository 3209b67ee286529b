// MakeTest: a recorded request as a test of GoogleTest, with chains/testing/recorded.h.
//
//   absl::StatusOr<v1::MakeTestResponse> test = MakeTest(recording->header,
//   recording->requests[0]); WriteFile(test->file_name(), test->text());
//
// Pure. The test calls the entrypoint alone; every other chainlet that it called answers as it was
// recorded. It builds the chain by a function `chains::Chain MakeChain()` in the namespace of the
// entrypoint's contract, which it declares and the chain's program is to have.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "chains/v1/platform.pb.h"
#include "chains/v1/recording.pb.h"

namespace chains::deploy {

// How large the text may be.
inline constexpr size_t kMaxTestBytes = size_t{4} << 20;

// INVALID_ARGUMENT: the header's contracts do not fit together, or a message is none of its type.
// FAILED_PRECONDITION: the request is not whole in the recording, or too large for a test.
// NOT_FOUND: the recording lacks the entrypoint's call.
absl::StatusOr<v1::MakeTestResponse> MakeTest(const v1::RecordingHeader& header,
                                              const v1::RecordedRequest& request);

}  // namespace chains::deploy
