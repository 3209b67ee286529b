// The chainlets of transcribe.proto.
#pragma once

#include <cstddef>
#include <filesystem>

#include "audio.h"
#include "chains/chains.h"
#include "decoder_pool.h"
#include "transcribe.chains.h"

namespace transcribe {

// What a recording may be, however it is sent.
struct MediaLimits {
  size_t bytes = 100'000'000;
  AudioLimits audio;
};

// Cuts a recording where it is quiet, has all chunks recognized concurrently and joins their texts.
// A chunk that fails leaves an error in its segment; when all do, the request fails with the first
// of them. Files are read from the deployment's data directory only.
class Transcriber final : public Transcribe {
 public:
  Transcriber(Recognizer& recognizer, const chains::DeploymentContext& context)
      : recognizer_(recognizer), media_folder_(context.data_dir()) {}

  chains::Task<TranscribeResponse> RunRemote(TranscribeRequest request) override;

 private:
  absl::StatusOr<Samples> Decode(const TranscribeRequest& request) const;

  Recognizer& recognizer_;
  const std::filesystem::path media_folder_;
  const MediaLimits limits_;
};

// US English, by PocketSphinx.
class PocketSphinxRecognizer final : public Recognizer {
 public:
  explicit PocketSphinxRecognizer(DecoderPool& decoders) : decoders_(decoders) {}

  chains::Task<RecognizeResponse> RunRemote(RecognizeRequest request) override;

 private:
  DecoderPool& decoders_;
};

}  // namespace transcribe
