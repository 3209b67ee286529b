// The chainlets of transcribe.proto.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "chains/chains.h"
#include "decoder_pool.h"
#include "fetch/http_client.h"
#include "media/media_limits.h"
#include "recording.h"
#include "transcribe.chains.h"

namespace transcribe {

// Variables of the chainlets that fetch media. Networks beside the Internet that media may be
// fetched from, like "10.1.0.0/16, fd00::/8"; and a file of certificates to trust in place of the
// system's.
inline constexpr char kMediaNetworks[] = "MEDIA_NETWORKS";
inline constexpr char kMediaCaFile[] = "MEDIA_CA_FILE";

// What these variables say. FAILED_PRECONDITION names the one that makes no sense.
absl::StatusOr<FetchSettings> ReadFetchSettings(const chains::DeploymentContext& context);

// Cuts a recording into macro chunks, has several of them transcribed at a time and joins what was
// heard. A chunk that fails leaves a segment with an error; when all do, the request fails with the
// first of them. Files are read from the deployment's data directory only.
class Transcriber final : public Transcribe {
 public:
  Transcriber(MacroChunkWorker& worker, const chains::DeploymentContext& context)
      : worker_(worker), media_folder_(context.data_dir()), fetch_(ReadFetchSettings(context)) {}

  chains::Task<TranscribeResponse> RunRemote(TranscribeRequest request) override;
  chains::Stream<TranscribeEvent> StreamSegments(TranscribeRequest request) override;
  chains::Stream<TranscribeEvent> Upload(chains::Stream<MediaPart> parts) override;

  absl::Status Healthy() const { return fetch_.status(); }

 private:
  chains::Stream<TranscribeEvent> Transcribed(std::unique_ptr<Recording> recording, Options options,
                                              absl::Time start);
  // Blocks.
  absl::StatusOr<std::unique_ptr<Recording>> Open(TranscribeRequest& request,
                                                  const Options& options,
                                                  const std::stop_token& stop) const;
  absl::StatusOr<std::unique_ptr<MediaSource>> OpenPath(const std::string& path) const;

  MacroChunkWorker& worker_;
  const std::filesystem::path media_folder_;
  const absl::StatusOr<FetchSettings> fetch_;
  const MediaLimits limits_;
};

// Fetches or is given a stretch of a recording, cuts it where it is quiet and has all chunks
// recognized concurrently.
class ChunkTranscriber final : public MacroChunkWorker {
 public:
  ChunkTranscriber(Recognizer& recognizer, const chains::DeploymentContext& context)
      : recognizer_(recognizer), fetch_(ReadFetchSettings(context)) {}

  chains::Stream<Segment> RunRemote(MacroChunkRequest request) override;

  absl::Status Healthy() const { return fetch_.status(); }

 private:
  Recognizer& recognizer_;
  const absl::StatusOr<FetchSettings> fetch_;
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
