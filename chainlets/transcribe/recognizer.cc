#include <stop_token>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "params.h"
#include "transcribe_chain.h"

namespace transcribe {

chains::Task<RecognizeResponse> PocketSphinxRecognizer::RunRemote(RecognizeRequest request) {
  if (request.has_sampling_rate_hz() && request.sampling_rate_hz() != kSampleRate) {
    co_return absl::InvalidArgumentError(absl::StrCat(
        "sampling_rate_hz is ", request.sampling_rate_hz(), "; the speech model takes 16000 only"));
  }
  const Samples samples = co_await FromPcm(request.pcm());
  if (Seconds(samples.size()) > kLongestChunkSeconds) {
    co_return absl::InvalidArgumentError(absl::StrCat("pcm lasts ", Seconds(samples.size()),
                                                      " s; it can be ", kLongestChunkSeconds,
                                                      " s at most"));
  }
  RecognizeResponse response;
  response.set_language("English");
  response.set_language_code("en");
  response.set_text(co_await chains::Blocking(
      [&](const std::stop_token& stop) { return decoders_.Decode(samples, stop); }));
  co_return response;
}

}  // namespace transcribe
