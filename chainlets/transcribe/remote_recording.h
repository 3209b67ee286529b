// RemoteRecording: a recording that workers fetch, each its stretch. Only what lies around the cuts
// is fetched and decoded here, and sent along, so that nobody fetches it again.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "fetch/http_source.h"
#include "recording.h"

namespace transcribe {

class RemoteRecording final : public Recording {
 public:
  // `head` is what was read to open `reader`. `stop` is what source and reader listen to.
  RemoteRecording(std::unique_ptr<HttpSource> source, std::unique_ptr<MediaReader> reader,
                  std::vector<Blocks::Block> head, const Options& options, std::stop_source stop);

  const MediaDescription& about() const override { return reader_->about(); }
  absl::StatusOr<std::optional<MacroChunk>> Next(const std::stop_token& stop) override;

 private:
  struct Cut {
    uint64_t at = 0;
    std::vector<Blocks::Block> around;  // what was fetched to find it
  };
  // Of the chunk that begins at `begin`; none when it is the last.
  absl::StatusOr<std::optional<Cut>> FindCut(uint64_t begin);
  absl::StatusOr<Samples> ReadBetween(uint64_t begin, uint64_t end);
  MacroChunkRequest MakeRequest(const Cut& begin, const std::optional<Cut>& end) const;

  std::unique_ptr<HttpSource> source_;
  std::unique_ptr<MediaReader> reader_;
  const std::vector<Blocks::Block> head_;
  const Options options_;
  std::stop_source stop_;
  std::optional<Cut> next_ = Cut();  // where the next chunk begins
};

}  // namespace transcribe
