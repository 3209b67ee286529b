#include "gateway/http/http2_session.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr double kFrame = 1;
constexpr double kAnsweredFrame = 5;
constexpr double kEarnedByData = 4;
constexpr size_t kWireBytesPerHeadByte = 4;  // a head that is refused is still read to its end
constexpr size_t kMostlyPadding = 257;

std::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

template <typename Head>
bool Has(const Head& frame, uint8_t flag) {
  return (frame.flags & flag) != 0;
}

bool IsOfARequest(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

// What a frame costs that moves no request on; 0 for one that does.
double CostOf(const Http2FrameHead& frame) {
  switch (frame.type) {
    case NGHTTP2_HEADERS:
      return 0;
    case NGHTTP2_DATA: {
      const size_t least = Has(frame, NGHTTP2_FLAG_PADDED) ? kMostlyPadding : 0;
      return frame.size > least || Has(frame, NGHTTP2_FLAG_END_STREAM) ? 0 : kFrame;
    }
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
      return Has(frame, NGHTTP2_FLAG_ACK) ? kFrame : kAnsweredFrame;
    default:
      return kFrame;
  }
}

}  // namespace

// What nghttp2 calls; `self` is the session.
struct Http2Session::Callbacks {
  static Http2Session& Of(void* self) { return *static_cast<Http2Session*>(self); }

  static int OnBeginHead(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    if (!IsOfARequest(*frame)) return 0;
    Of(self).head_.emplace(Of(self).max_head_bytes_);
    Of(self).head_of_ = frame->hd.stream_id;
    return 0;
  }
  static int OnField(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                     size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                     void* self) {
    if (IsOfARequest(*frame) && Of(self).head_) {
      Of(self).head_->Add(View(name, name_size), View(value, value_size));
    }
    return 0;
  }
  // nghttp2 would leave the field out; RFC 9113, 8.1.1 has the whole message refused.
  static int OnBadField(nghttp2_session*, const nghttp2_frame* frame, const uint8_t*, size_t,
                        const uint8_t*, size_t, uint8_t, void* self) {
    if (IsOfARequest(*frame) && Of(self).head_) Of(self).head_->SetMalformed();
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    Of(self).Came(*frame);
    return 0;
  }
  static int OnBadFrame(nghttp2_session*, const nghttp2_frame*, int, void* self) {
    Of(self).SpendReset();
    return 0;
  }
  static int OnData(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes,
                    size_t size, void* self) {
    nghttp2_session_consume_connection(session, size);
    if (Exchange* const exchange = Of(self).Find(id)) {
      exchange->OnBody(View(bytes, size));
    } else {
      nghttp2_session_consume_stream(session, id, size);
    }
    return 0;
  }
  static int OnClose(nghttp2_session*, int32_t id, uint32_t, void* self) {
    Of(self).Closed(id);
    return 0;
  }
  static int OnSent(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    Of(self).Went(*frame);
    return 0;
  }
  static ssize_t OnRoom(nghttp2_session*, int32_t id, uint8_t* room, size_t size, uint32_t* flags,
                        nghttp2_data_source*, void* self) {
    return Of(self).Fill(id, {reinterpret_cast<char*>(room), size}, *flags);
  }

  static nghttp2_session_callbacks* All() {
    static nghttp2_session_callbacks* const all = [] {
      nghttp2_session_callbacks* made = nullptr;
      nghttp2_session_callbacks_new(&made);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, OnBeginHead);
      nghttp2_session_callbacks_set_on_header_callback(made, OnField);
      nghttp2_session_callbacks_set_on_invalid_header_callback(made, OnBadField);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrame);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, OnBadFrame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnData);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, OnClose);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, OnSent);
      return made;
    }();
    return all;
  }
  static nghttp2_option* Options() {
    static nghttp2_option* const options = [] {
      nghttp2_option* made = nullptr;
      nghttp2_option_new(&made);
      nghttp2_option_set_no_auto_window_update(made, 1);
      nghttp2_option_set_no_closed_streams(made, 1);
      return made;
    }();
    return options;
  }
};

Http2Session::Http2Session(const Http2Options& options, size_t max_head_bytes, Owner& owner)
    : options_(options),
      max_head_bytes_(max_head_bytes),
      owner_(owner),
      frames_({.burst = options.frames_at_once, .per_second = options.frames_per_second}),
      resets_({.burst = options.resets_at_once, .per_second = options.resets_per_second}) {
  nghttp2_session* made = nullptr;
  nghttp2_session_server_new2(&made, Callbacks::All(), this, Callbacks::Options());
  session_.reset(made);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(max_head_bytes)},
  }};
  nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(options.connection_window));
}

Http2Session::~Http2Session() = default;

void Http2Session::Receive(std::string_view bytes, absl::Time now) {
  frames_.Tick(now);
  resets_.Tick(now);
  while (!bytes.empty()) {
    const size_t size = heads_.Scan(bytes);
    if (heads_.found()) Count(*heads_.found());
    if (terminated_) return;
    const auto* const begin = reinterpret_cast<const uint8_t*>(bytes.data());
    const ssize_t taken = nghttp2_session_mem_recv(session(), begin, size);
    if (taken < 0) return Failed(taken);
    bytes.remove_prefix(size);
  }
}

// What mem_recv() itself cannot go on with.
void Http2Session::Failed(ssize_t error) {
  switch (error) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return Terminate(NGHTTP2_PROTOCOL_ERROR, "no preface of HTTP/2");
    case NGHTTP2_ERR_FLOODED:
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "a flood of frames");
    default:
      return Terminate(NGHTTP2_INTERNAL_ERROR, nghttp2_strerror(static_cast<int>(error)));
  }
}

size_t Http2Session::Send(std::string& to) {
  const size_t before = to.size();
  while (!broken_ && to.size() < before + kMaxOutput) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session(), &bytes);
    broken_ = size < 0;
    if (size <= 0) break;
    to.append(View(bytes, static_cast<size_t>(size)));
  }
  return to.size() - before;
}

bool Http2Session::ended() const {
  return broken_ || (nghttp2_session_want_read(session()) == 0 && !wants_to_send());
}

void Http2Session::Respond(int32_t id, Http2Fields& head, Body body) {
  const nghttp2_data_provider provider{.source = {}, .read_callback = Callbacks::OnRoom};
  const std::vector<nghttp2_nv>& fields = head.fields();
  nghttp2_submit_response(session(), id, fields.data(), fields.size(),
                          body == Body::kFollows ? &provider : nullptr);
}

void Http2Session::Continue(int32_t id) {
  Http2Fields head;
  head.Add(":status", "100");
  const std::vector<nghttp2_nv>& fields = head.fields();
  nghttp2_submit_headers(session(), NGHTTP2_FLAG_NONE, id, nullptr, fields.data(), fields.size(),
                         nullptr);
}

void Http2Session::Taken(int32_t id, size_t bytes) {
  nghttp2_session_consume_stream(session(), id, bytes);
}

void Http2Session::Resume(int32_t id) { nghttp2_session_resume_data(session(), id); }

void Http2Session::Reset(int32_t id, uint32_t error) {
  nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, id, error);
}

void Http2Session::Announce() { nghttp2_submit_shutdown_notice(session()); }

void Http2Session::Finish() {
  nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void Http2Session::Terminate(uint32_t error, std::string_view why) {
  if (std::exchange(terminated_, true)) return;
  problem_ = why;
  nghttp2_session_terminate_session(session(), error);
}

void Http2Session::Ping() { nghttp2_submit_ping(session(), NGHTTP2_FLAG_NONE, nullptr); }

Http2Session::Exchange* Http2Session::Find(int32_t id) const {
  return static_cast<Exchange*>(nghttp2_session_get_stream_user_data(session(), id));
}

// A frame begins.
void Http2Session::Count(const Http2FrameHead& frame) {
  if (const double cost = CostOf(frame); cost > 0) Spend(cost, "frames that move nothing on");
  if (frame.type == NGHTTP2_RST_STREAM) SpendReset();
  if (frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_CONTINUATION) CountHead(frame);
}

// CVE-2024-27316: a head of frames without end.
void Http2Session::CountHead(const Http2FrameHead& frame) {
  const bool begins = frame.type == NGHTTP2_HEADERS;
  head_bytes_ = begins ? frame.size : head_bytes_ + frame.size;
  head_frames_ = begins ? 1 : head_frames_ + 1;
  if (head_frames_ <= options_.max_head_frames &&
      head_bytes_ <= kWireBytesPerHeadByte * max_head_bytes_) {
    return;
  }
  Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "the head of a request does not end");
}

void Http2Session::Spend(double amount, std::string_view what) {
  if (frames_.Spend(amount)) return;
  Terminate(NGHTTP2_ENHANCE_YOUR_CALM, Text("a flood of ", what));
}

void Http2Session::SpendReset() {
  if (resets_.Spend(1)) return;
  Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "a flood of requests that are taken back");
}

// A frame is complete, with those that continue it.
void Http2Session::Came(const nghttp2_frame& frame) {
  if (terminated_) return;
  if (frame.hd.type == NGHTTP2_PING && Has(frame.hd, NGHTTP2_FLAG_ACK)) return owner_.OnPong();
  if (IsOfARequest(frame)) return RequestCame(frame);
  const bool may_end = frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS;
  if (!may_end || !Has(frame.hd, NGHTTP2_FLAG_END_STREAM)) return;
  if (Exchange* const exchange = Find(frame.hd.stream_id)) exchange->OnBodyEnd();
}

void Http2Session::RequestCame(const nghttp2_frame& frame) {
  if (!head_) return;
  const int32_t id = frame.hd.stream_id;
  Http2HeadReader head = *std::exchange(head_, std::nullopt);
  if (head.malformed()) {
    SpendReset();
    return Reset(id, NGHTTP2_PROTOCOL_ERROR);
  }
  const Begun begun{.id = id,
                    .has_body = !Has(frame.hd, NGHTTP2_FLAG_END_STREAM),
                    .head_too_large = head.too_large()};
  Exchange* const exchange = owner_.OnRequest(begun, head.Take());
  if (exchange == nullptr) return Reset(id, NGHTTP2_REFUSED_STREAM);
  nghttp2_session_set_stream_user_data(session(), id, exchange);
}

void Http2Session::Closed(int32_t id) {
  if (head_of_ == id) head_.reset();
  if (Exchange* const exchange = Find(id)) exchange->OnClosed();
}

// A response that ends before its request does: the client need not send the rest (RFC 9113, 8.1).
void Http2Session::Went(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_DATA) frames_.Earn(kEarnedByData);
  const bool may_end = frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS;
  if (!may_end || !Has(frame.hd, NGHTTP2_FLAG_END_STREAM)) return;
  const int32_t id = frame.hd.stream_id;
  if (nghttp2_session_get_stream_remote_close(session(), id) == 0) Reset(id, NGHTTP2_NO_ERROR);
}

ssize_t Http2Session::Fill(int32_t id, std::span<char> room, uint32_t& flags) {
  Exchange* const exchange = Find(id);
  if (exchange == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const Piece piece = exchange->Fill(room);
  if (piece.then == Piece::Then::kEnd) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (piece.trailers != nullptr) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const std::vector<nghttp2_nv>& fields = piece.trailers->fields();
      nghttp2_submit_trailer(session(), id, fields.data(), fields.size());
    }
  } else if (piece.bytes == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(piece.bytes);
}

}  // namespace chains::gateway
