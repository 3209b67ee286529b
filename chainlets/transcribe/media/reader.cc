#include "media/reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <mutex>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

namespace transcribe {
namespace {

// Of one piece of memory; an index of a long recording takes a tenth.
constexpr size_t kLargestAllocation = size_t{128} << 20;
// How far before a sample decoding begins, so that codecs and the resampler have settled.
constexpr uint64_t kSettle = kSampleRate / 5;
// Decoders that fail so often in a row have nothing to say.
constexpr int kMostFailuresInARow = 1000;

// Files that hold no recording but say where to find one, or that are no files.
constexpr std::array<std::string_view, 9> kRefused = {"concat", "concatf", "dash", "hls", "imf",
                                                      "rtsp",   "sap",     "sdp",  "tty"};
// Whose times are exact, and which find a sample by a table or by a multiplication. Others (MP3,
// ADTS, Ogg, MPEG-TS) guess, or search the file in many steps.
constexpr std::array<std::string_view, 6> kExact = {"wav", "w64", "aiff", "au", "mov", "matroska"};

bool IsOneOf(std::span<const std::string_view> names, std::string_view format) {
  for (absl::string_view part : absl::StrSplit(std::string(format), ',')) {
    if (std::ranges::find(names, std::string_view(part.data(), part.size())) != names.end()) {
      return true;
    }
  }
  return false;
}

// Settings of the libraries that are a whole process's.
void Prepare() {
  static std::once_flag once;
  std::call_once(once, [] {
    av_log_set_level(AV_LOG_QUIET);
    av_max_alloc(kLargestAllocation);
  });
}

const std::string& AudioDecoders() {
  static const std::string names = [] {
    std::string list;
    void* state = nullptr;
    while (const AVCodec* codec = av_codec_iterate(&state)) {
      if (codec->type != AVMEDIA_TYPE_AUDIO || av_codec_is_decoder(codec) == 0) continue;
      absl::StrAppend(&list, list.empty() ? "" : ",", codec->name);
    }
    return list;
  }();
  return names;
}

// What a file refers to is not opened.
int OpenNothing(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EACCES);
}

absl::Status NoAudio(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("media: no audio file: ", std::string(why)));
}

std::string Explain(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof(text));
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MediaReader>> MediaReader::Open(MediaSource& source,
                                                               const MediaLimits& limits) {
  Prepare();
  if (source.size() > limits.bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("media: ", source.size(), " bytes; it can be ", limits.bytes, " at most"));
  }
  if (source.size() == 0) return NoAudio("it is empty");
  std::unique_ptr<MediaReader> reader(new MediaReader(source, limits));
  reader->avio_.Enter();
  absl::Status status = reader->OpenFile();
  if (status.ok()) status = reader->OpenCodec();
  // What the source says is why nothing was found.
  if (absl::Status failure = reader->avio_.status(); !failure.ok()) status = failure;
  reader->avio_.Leave();
  if (!status.ok()) return status;
  return reader;
}

MediaReader::~MediaReader() {
  avcodec_free_context(&codec_);
  avformat_close_input(&format_);
  av_packet_free(&packet_);
  av_frame_free(&frame_);
}

absl::Status MediaReader::OpenFile() {
  packet_ = av_packet_alloc();
  frame_ = av_frame_alloc();
  format_ = avformat_alloc_context();
  if (packet_ == nullptr || frame_ == nullptr || format_ == nullptr || avio_.context() == nullptr) {
    return absl::ResourceExhaustedError("media: no memory");
  }
  const AVInputFormat* kind = nullptr;
  int error = av_probe_input_buffer2(avio_.context(), &kind, "", nullptr, 0,
                                     static_cast<unsigned>(limits_.probe_bytes));
  if (error < 0 || kind == nullptr) return NoAudio(Explain(error));
  if ((kind->flags & AVFMT_NOFILE) != 0 || IsOneOf(kRefused, kind->name)) {
    return NoAudio(absl::StrCat(kind->name, " is not read here"));
  }
  format_->pb = avio_.context();
  format_->flags |= AVFMT_FLAG_CUSTOM_IO;
  format_->io_open = &OpenNothing;
  format_->max_streams = limits_.streams;
  format_->probesize = limits_.probe_bytes;
  format_->max_analyze_duration = int64_t{5} * AV_TIME_BASE;
  format_->protocol_whitelist = av_strdup("none");
  format_->codec_whitelist = av_strdup(AudioDecoders().c_str());
  // Frees the context when it fails.
  error = avformat_open_input(&format_, "", kind, nullptr);
  if (error < 0) return NoAudio(Explain(error));
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (format_->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_AUDIO) {
      format_->streams[i]->discard = AVDISCARD_ALL;
    }
  }
  error = avformat_find_stream_info(format_, nullptr);
  if (error < 0) return NoAudio(Explain(error));
  return absl::OkStatus();
}

absl::Status MediaReader::OpenCodec() {
  const AVCodec* decoder = nullptr;
  const int index = av_find_best_stream(format_, AVMEDIA_TYPE_AUDIO, -1, -1, &decoder, 0);
  if (index < 0 || decoder == nullptr) {
    return NoAudio(
        absl::StrCat("there is no sound that can be decoded in this ", format_->iformat->name));
  }
  stream_ = format_->streams[index];
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (static_cast<int>(i) != index) format_->streams[i]->discard = AVDISCARD_ALL;
  }
  codec_ = avcodec_alloc_context3(decoder);
  if (codec_ == nullptr) return absl::ResourceExhaustedError("media: no memory");
  if (avcodec_parameters_to_context(codec_, stream_->codecpar) < 0) {
    return NoAudio("its parameters make no sense");
  }
  codec_->thread_count = 1;  // recordings are decoded beside each other
  codec_->pkt_timebase = stream_->time_base;
  if (const int error = avcodec_open2(codec_, decoder, nullptr); error < 0) {
    return NoAudio(Explain(error));
  }
  Describe();
  return absl::OkStatus();
}

void MediaReader::Describe() {
  about_.format = format_->iformat->name;
  about_.codec = codec_->codec->name;
  about_.rate = stream_->codecpar->sample_rate;
  about_.channels = stream_->codecpar->ch_layout.nb_channels;
  if (stream_->duration > 0) {
    about_.seconds = static_cast<double>(stream_->duration) * av_q2d(stream_->time_base);
  } else if (format_->duration > 0) {
    about_.seconds = static_cast<double>(format_->duration) / AV_TIME_BASE;
  }
  about_.seeks_exactly = about_.seconds.has_value() && IsOneOf(kExact, about_.format);
}

absl::Status MediaReader::Longer() const {
  return absl::InvalidArgumentError(
      absl::StrCat("media: longer than the allowed ", absl::FormatDuration(limits_.longest)));
}

absl::StatusOr<Samples> MediaReader::Read() {
  const auto longest = static_cast<int64_t>(absl::ToDoubleSeconds(limits_.longest) * kSampleRate);
  avio_.Enter();
  Samples samples;
  absl::Status status;
  while (status.ok() && samples.empty() && !ended_) {
    status = ReadFrame(samples);
    if (position_ < wanted_) {  // before where it was told to go
      const int64_t skipped = std::min(wanted_ - position_, std::ssize(samples));
      samples.erase(samples.begin(), samples.begin() + skipped);
      position_ += skipped;
    }
  }
  if (status.ok()) status = avio_.status();
  avio_.Leave();
  if (!status.ok()) return status;
  position_ += std::ssize(samples);
  if (position_ > longest) return Longer();
  return samples;
}

// Appends what the next frame becomes, which may be nothing.
absl::Status MediaReader::ReadFrame(Samples& out) {
  for (int failures = 0; failures < kMostFailuresInARow;) {
    if (absl::Status status = avio_.status(); !status.ok()) return status;
    const int error = avcodec_receive_frame(codec_, frame_);
    if (error >= 0) {
      FindPosition(*frame_);
      absl::Status status = resampler_.Convert(*frame_, out);
      av_frame_unref(frame_);
      return status;
    }
    if (error == AVERROR_EOF || (fed_all_ && error == AVERROR(EAGAIN))) break;
    if (error != AVERROR(EAGAIN)) ++failures;
    if (absl::Status status = FeedDecoder(); !status.ok()) return status;
  }
  ended_ = true;
  return resampler_.Finish(out);
}

absl::Status MediaReader::FeedDecoder() {
  if (fed_all_) return absl::OkStatus();
  const int error = av_read_frame(format_, packet_);
  if (absl::Status status = avio_.status(); !status.ok()) return status;
  if (error < 0) {  // a file that breaks off has ended
    fed_all_ = true;
    avcodec_send_packet(codec_, nullptr);
    return absl::OkStatus();
  }
  // What the decoder refuses is left out.
  if (packet_->stream_index == stream_->index) avcodec_send_packet(codec_, packet_);
  av_packet_unref(packet_);
  return absl::OkStatus();
}

void MediaReader::FindPosition(const AVFrame& frame) {
  if (std::exchange(position_known_, true)) return;
  position_ = 0;
  if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return;
  int64_t since = frame.best_effort_timestamp;
  const int64_t start = stream_->start_time == AV_NOPTS_VALUE ? 0 : stream_->start_time;
  if (__builtin_sub_overflow(since, start, &since)) return;
  const double seconds = static_cast<double>(since) * av_q2d(stream_->time_base);
  const double longest = absl::ToDoubleSeconds(limits_.longest) + 1;
  position_ = std::llround(std::clamp(seconds, -longest, longest) * kSampleRate);
}

absl::Status MediaReader::Seek(uint64_t sample) {
  const double seconds = static_cast<double>(sample - std::min(sample, kSettle)) / kSampleRate;
  if (seconds > absl::ToDoubleSeconds(limits_.longest)) return Longer();
  int64_t target = stream_->start_time == AV_NOPTS_VALUE ? 0 : stream_->start_time;
  const auto offset = static_cast<int64_t>(seconds / av_q2d(stream_->time_base));
  if (__builtin_add_overflow(target, offset, &target)) return Longer();
  avio_.Enter();
  const int error = av_seek_frame(format_, stream_->index, target, AVSEEK_FLAG_BACKWARD);
  absl::Status status = avio_.status();
  avio_.Leave();
  if (!status.ok()) return status;
  avcodec_flush_buffers(codec_);
  resampler_.Reset();
  wanted_ = static_cast<int64_t>(sample);
  position_ = 0;
  position_known_ = false;
  fed_all_ = ended_ = error < 0;  // behind the end
  if (ended_) position_ = wanted_;
  return absl::OkStatus();
}

absl::StatusOr<Samples> DecodeAudio(std::string_view file, const MediaLimits& limits) {
  MemorySource source(file);
  absl::StatusOr<std::unique_ptr<MediaReader>> reader = MediaReader::Open(source, limits);
  if (!reader.ok()) return reader.status();
  Samples all;
  while (true) {
    absl::StatusOr<Samples> samples = (*reader)->Read();
    if (!samples.ok() || samples->empty()) return samples.ok() ? all : samples;
    all.insert(all.end(), samples->begin(), samples->end());
  }
}

}  // namespace transcribe
