#include "gateway/body/encoder.h"

#include <algorithm>
#include <array>
#include <limits>
#include <zlib.h>
#include <zstd.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kRoom = 16 << 10;
constexpr int kAsGzip = 16;  // added to zlib's window bits

// What zlib holds is 2^(window + 2) + 2^(memory + 9) bytes: 256 KiB whole, 48 KiB of a stream.
struct GzipSize {
  int level, window, memory;
};
constexpr GzipSize kGzipWhole{.level = 5, .window = MAX_WBITS, .memory = 8};
constexpr GzipSize kGzipStream{.level = 5, .window = 13, .memory = 5};

constexpr int kZstdLevel = 3;
// A stream's tables and window: about 150 KiB together.
constexpr int kZstdStreamWindow = 15;
constexpr int kZstdStreamTable = 13;

class GzipEncoder final : public Encoder {
 public:
  explicit GzipEncoder(Use use) : use_(use) {
    const GzipSize size = use == Use::kWhole ? kGzipWhole : kGzipStream;
    ready_ = deflateInit2(&stream_, size.level, Z_DEFLATED, size.window + kAsGzip, size.memory,
                          Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~GzipEncoder() override { deflateEnd(&stream_); }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

  absl::Status Add(std::string_view piece, std::string& out) override {
    constexpr size_t kMost = std::numeric_limits<uInt>::max();
    while (piece.size() > kMost) {
      const absl::Status status = Deflate(piece.substr(0, kMost), Z_NO_FLUSH, out);
      if (!status.ok()) return status;
      piece.remove_prefix(kMost);
    }
    return Deflate(piece, use_ == Use::kStream ? Z_SYNC_FLUSH : Z_NO_FLUSH, out);
  }
  absl::Status Finish(std::string& out) override { return Deflate("", Z_FINISH, out); }

 private:
  absl::Status Deflate(std::string_view in, int flush, std::string& out) {
    if (!ready_) return absl::InternalError("no memory to pack a response");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    do {
      stream_.next_out = room_.data();
      stream_.avail_out = static_cast<uInt>(room_.size());
      deflate(&stream_, flush);
      out.append(reinterpret_cast<const char*>(room_.data()), room_.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return absl::OkStatus();
  }

  const Use use_;
  z_stream stream_{};
  bool ready_ = false;
  std::array<Bytef, kRoom> room_;
};

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(Use use) : use_(use), context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) return;
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);  // gzip has one always
    if (use == Use::kWhole) return;
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, kZstdStreamWindow);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_hashLog, kZstdStreamTable);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_chainLog, kZstdStreamTable);
  }

  absl::Status Add(std::string_view piece, std::string& out) override {
    return Compress(piece, use_ == Use::kStream ? ZSTD_e_flush : ZSTD_e_continue, out);
  }
  absl::Status Finish(std::string& out) override { return Compress("", ZSTD_e_end, out); }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  absl::Status Compress(std::string_view in, ZSTD_EndDirective end, std::string& out) {
    if (context_ == nullptr) return absl::InternalError("no memory to pack a response");
    ZSTD_inBuffer from{.src = in.data(), .size = in.size(), .pos = 0};
    for (;;) {
      ZSTD_outBuffer to{.dst = room_.data(), .size = room_.size(), .pos = 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &to, &from, end);
      if (ZSTD_isError(left) != 0) return absl::InternalError(ZSTD_getErrorName(left));
      out.append(room_.data(), to.pos);
      if (end == ZSTD_e_continue ? from.pos == from.size : left == 0) return absl::OkStatus();
    }
  }

  const Use use_;
  const std::unique_ptr<ZSTD_CCtx, Free> context_;
  std::array<char, kRoom> room_;
};

}  // namespace

std::unique_ptr<Encoder> Encoder::Of(Encoding encoding, Use use) {
  if (encoding == Encoding::kZstd) return std::make_unique<ZstdEncoder>(use);
  return std::make_unique<GzipEncoder>(use);
}

}  // namespace chains::gateway
