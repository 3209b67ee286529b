#include "deploy/cli/terminal/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

constexpr std::string_view kFrames[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr std::chrono::milliseconds kFrameTime(100);

}  // namespace

void Progress::Show(std::string_view text) {
  if (!terminal_.redraws) return;
  std::lock_guard lock(mutex_);
  terminal_.err << "\r\x1b[2K" << Shortened(text, terminal_.columns - 1) << std::flush;
  shown_ = true;
}

void Progress::Line(std::string_view text) {
  std::lock_guard lock(mutex_);
  ClearLocked();
  terminal_.err << text << "\n" << std::flush;
}

void Progress::Clear() {
  std::lock_guard lock(mutex_);
  ClearLocked();
}

void Progress::ClearLocked() {
  if (shown_) terminal_.err << "\r\x1b[2K" << std::flush;
  shown_ = false;
}

std::string Bar(double share, size_t width) {
  const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(width);
  const auto full = static_cast<size_t>(std::lround(wanted));
  std::string bar;
  for (size_t i = 0; i < width; ++i) bar += i < full ? "█" : "░";
  return bar;
}

Spinner::Spinner(Progress& progress, const Terminal& terminal, std::string text)
    : progress_(progress), text_(std::move(text)) {
  if (terminal.redraws) thread_ = std::jthread([this](const std::stop_token& stop) { Turn(stop); });
}

void Spinner::SetText(std::string text) {
  std::lock_guard lock(mutex_);
  text_ = std::move(text);
}

void Spinner::Turn(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (size_t frame = 0; !stop.stop_requested(); ++frame) {
    progress_.Show(Text(kFrames[frame % std::size(kFrames)], " ", text_));
    stopping_.wait_for(lock, stop, kFrameTime, [] { return false; });
  }
  lock.unlock();
  progress_.Clear();
}

}  // namespace chains::deploy::cli
