#include "gateway/body/decoder.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <zlib.h>
#include <zstd.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

// RFC 9659: who decodes `Content-Encoding: zstd` must take windows of 8 MiB, and need take no more.
constexpr int kZstdWindowLog = 23;
constexpr int kGzipOnly = 16;  // added to zlib's window bits: gzip's head and trailer, nothing else

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() : ready_(inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK) {}
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  bool whole() const override { return whole_; }

  absl::Status Step(std::string_view& in, std::string& out, size_t room) override {
    out.resize(room);
    size_t made = 0;
    absl::Status status = ready_ ? absl::OkStatus() : absl::InternalError("no memory to unpack");
    while (status.ok() && made < room && !(in.empty() && whole_)) {
      const size_t taken = in.size();
      const size_t before = made;
      status = Inflate(in, out, made);
      if (in.size() == taken && made == before && !whole_) break;
    }
    out.resize(made);
    return status;
  }

 private:
  absl::Status Inflate(std::string_view& in, std::string& out, size_t& made) {
    if (whole_) {  // another member follows
      inflateReset(&stream_);
      whole_ = false;
    }
    constexpr size_t kMost = std::numeric_limits<uInt>::max();
    const auto offered = static_cast<uInt>(std::min(in.size(), kMost));
    const auto room = static_cast<uInt>(std::min(out.size() - made, kMost));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = offered;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + made);
    stream_.avail_out = room;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(offered - stream_.avail_in);
    made += room - stream_.avail_out;
    whole_ = result == Z_STREAM_END;
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) return absl::OkStatus();
    if (result == Z_MEM_ERROR) return absl::InternalError("no memory to unpack");
    const char* const why = stream_.msg != nullptr ? stream_.msg : "it needs a dictionary";
    return absl::InvalidArgumentError(Text("the body is not gzip throughout: ", why));
  }

  z_stream stream_{};
  const bool ready_;
  bool whole_ = false;
};

// The first four bytes of a frame, as far as they have come. libzstd may be built to take formats,
// too, that zstd had before its first release: nobody sends them, and RFC 8878 does not have them.
class FrameHead {
 public:
  // Takes what is missing from the front of `in`; false: no frame of today's begins so.
  bool Take(std::string_view in) {
    for (; bytes_ < sizeof(value_) && !in.empty(); in.remove_prefix(1)) {
      value_ |= static_cast<uint32_t>(static_cast<unsigned char>(in[0])) << (8 * bytes_++);
    }
    return bytes_ < sizeof(value_) || value_ == ZSTD_MAGICNUMBER ||
           (value_ & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
  }

 private:
  uint32_t value_ = 0;
  size_t bytes_ = 0;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx()) {
    if (context_ != nullptr) {
      ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
    }
  }

  bool whole() const override { return whole_; }

  absl::Status Step(std::string_view& in, std::string& out, size_t room) override {
    if (context_ == nullptr) return absl::InternalError("no memory to unpack");
    out.resize(room);
    ZSTD_inBuffer from{.src = in.data(), .size = in.size(), .pos = 0};
    ZSTD_outBuffer to{.dst = out.data(), .size = room, .pos = 0};
    absl::Status status;
    // Between two frames it must not be asked without input: it would begin the next one.
    while (to.pos < to.size && !(whole_ && from.pos == from.size)) {
      const size_t taken = from.pos;
      const size_t before = to.pos;
      if (!head_.Take(in.substr(from.pos))) {
        status = absl::InvalidArgumentError("the body is not zstd throughout: unknown frame");
        break;
      }
      const size_t left = ZSTD_decompressStream(context_.get(), &to, &from);
      if (ZSTD_isError(left) != 0) {
        status = absl::InvalidArgumentError(
            Text("the body is not zstd throughout: ", ZSTD_getErrorName(left)));
        break;
      }
      whole_ = left == 0;
      if (whole_) head_ = FrameHead();
      if (from.pos == taken && to.pos == before) break;
    }
    in.remove_prefix(from.pos);
    out.resize(to.pos);
    return status;
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  const std::unique_ptr<ZSTD_DCtx, Free> context_;
  FrameHead head_;  // of the frame that it is in
  bool whole_ = false;
};

}  // namespace

std::unique_ptr<Decoder> Decoder::Of(Encoding encoding) {
  if (encoding == Encoding::kZstd) return std::make_unique<ZstdDecoder>();
  return std::make_unique<GzipDecoder>();
}

}  // namespace chains::gateway
