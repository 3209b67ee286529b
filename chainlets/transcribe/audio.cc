#include "audio.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <samplerate.h>
#include <sndfile.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace transcribe {
namespace {

constexpr size_t kBlockFrames = 8192;

// What libsndfile needs to read a file that is in memory.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : bytes_(bytes) {}

  static SF_VIRTUAL_IO Callbacks() {
    SF_VIRTUAL_IO io{};
    io.get_filelen = [](void* self) { return static_cast<MemoryFile*>(self)->Size(); };
    io.seek = [](sf_count_t offset, int whence, void* self) {
      return static_cast<MemoryFile*>(self)->Seek(offset, whence);
    };
    io.read = [](void* to, sf_count_t count, void* self) {
      return static_cast<MemoryFile*>(self)->Read(to, count);
    };
    io.write = [](const void*, sf_count_t, void*) -> sf_count_t { return 0; };
    io.tell = [](void* self) { return static_cast<MemoryFile*>(self)->position_; };
    return io;
  }

 private:
  sf_count_t Size() const { return static_cast<sf_count_t>(bytes_.size()); }
  sf_count_t Seek(sf_count_t offset, int whence) {
    const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position_ : Size();
    position_ = std::clamp(base + offset, sf_count_t{0}, Size());
    return position_;
  }
  sf_count_t Read(void* to, sf_count_t count) {
    const sf_count_t read = std::clamp(count, sf_count_t{0}, Size() - position_);
    std::memcpy(to, bytes_.data() + position_, static_cast<size_t>(read));
    position_ += read;
    return read;
  }

  std::string_view bytes_;
  sf_count_t position_ = 0;
};

struct Closer {
  void operator()(SNDFILE* file) const { sf_close(file); }
  void operator()(SRC_STATE* state) const { src_delete(state); }
};
using SoundFile = std::unique_ptr<SNDFILE, Closer>;
using Converter = std::unique_ptr<SRC_STATE, Closer>;

// Takes mono samples at any rate, hands out samples at kSampleRate.
class Resampler {
 public:
  static absl::StatusOr<Resampler> Make(int from_rate) {
    const double ratio = static_cast<double>(kSampleRate) / from_rate;
    if (from_rate <= 0 || src_is_valid_ratio(ratio) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("media: a sampling rate of ", from_rate, " Hz is not supported"));
    }
    int error = 0;
    Converter converter(src_new(SRC_SINC_MEDIUM_QUALITY, 1, &error));
    if (converter == nullptr) return absl::InternalError(src_strerror(error));
    return Resampler(std::move(converter), ratio);
  }

  // Appends to `out` what `in` becomes; the filter holds some samples back until `last`.
  absl::Status Convert(std::span<const float> in, bool last, Samples& out) {
    if (ratio_ == 1.0) {
      for (float sample : in) out.push_back(Quantize(sample));
      return absl::OkStatus();
    }
    float block[kBlockFrames];
    SRC_DATA data{};
    data.src_ratio = ratio_;
    data.end_of_input = last ? 1 : 0;
    data.data_out = block;
    data.output_frames = kBlockFrames;
    do {
      data.data_in = in.data();
      data.input_frames = static_cast<long>(in.size());
      if (const int error = src_process(converter_.get(), &data); error != 0) {
        return absl::InternalError(absl::StrCat("resampling: ", src_strerror(error)));
      }
      in = in.subspan(static_cast<size_t>(data.input_frames_used));
      for (long i = 0; i < data.output_frames_gen; ++i) out.push_back(Quantize(block[i]));
    } while (data.output_frames_gen > 0 || (!in.empty() && data.input_frames_used > 0));
    return absl::OkStatus();
  }

 private:
  Resampler(Converter converter, double ratio) : converter_(std::move(converter)), ratio_(ratio) {}

  static int16_t Quantize(float sample) {
    if (!std::isfinite(sample)) return 0;
    return static_cast<int16_t>(std::lrint(std::clamp(sample * 32768.0F, -32768.0F, 32767.0F)));
  }

  Converter converter_;
  double ratio_;
};

// The mean of each frame's channels, in place at the front of `frames`.
std::span<const float> MixDown(std::span<float> frames, size_t channels) {
  const size_t count = frames.size() / channels;
  for (size_t i = 0; i < count; ++i) {
    float sum = 0;
    for (size_t channel = 0; channel < channels; ++channel) sum += frames[i * channels + channel];
    frames[i] = sum / static_cast<float>(channels);
  }
  return frames.first(count);
}

}  // namespace

absl::StatusOr<Samples> DecodeAudio(std::string_view file, const AudioLimits& limits) {
  MemoryFile memory(file);
  SF_VIRTUAL_IO io = MemoryFile::Callbacks();
  SF_INFO info{};
  SoundFile sound(sf_open_virtual(&io, SFM_READ, &info, &memory));
  if (sound == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("media: no audio file: ", sf_strerror(nullptr)));
  }
  absl::StatusOr<Resampler> resampler = Resampler::Make(info.samplerate);
  if (!resampler.ok()) return resampler.status();

  const auto channels = static_cast<size_t>(info.channels);
  const auto longest = static_cast<size_t>(absl::ToDoubleSeconds(limits.longest) * kSampleRate);
  std::vector<float> frames(kBlockFrames * channels);
  Samples samples;
  bool last = false;
  while (!last) {
    const sf_count_t read = sf_readf_float(sound.get(), frames.data(), kBlockFrames);
    last = read < static_cast<sf_count_t>(kBlockFrames);
    const auto filled = static_cast<size_t>(std::max<sf_count_t>(read, 0)) * channels;
    const std::span<const float> mono = MixDown(std::span(frames).first(filled), channels);
    if (absl::Status status = resampler->Convert(mono, last, samples); !status.ok()) return status;
    if (samples.size() > longest) {
      return absl::InvalidArgumentError(
          absl::StrCat("media: longer than the allowed ", absl::FormatDuration(limits.longest)));
    }
  }
  return samples;
}

static_assert(std::endian::native == std::endian::little, "PCM is copied as it lies in memory");

std::string ToPcm(std::span<const int16_t> samples) {
  return std::string(reinterpret_cast<const char*>(samples.data()), samples.size_bytes());
}

absl::StatusOr<Samples> FromPcm(std::string_view pcm) {
  if (pcm.size() % sizeof(int16_t) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("pcm: ", pcm.size(), " bytes are no whole number of 16 bit samples"));
  }
  Samples samples(pcm.size() / sizeof(int16_t));
  if (!samples.empty()) std::memcpy(samples.data(), pcm.data(), pcm.size());
  return samples;
}

}  // namespace transcribe
