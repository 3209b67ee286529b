// StopText: makes text of the bytes that a model's tokens stand for, up to a stop string. Pure.
//
//   StopText text({"\n\n"});
//   std::string out = text.Add(tokenizer.Piece(token));   // what is sure to belong to the answer
//   if (text.stopped()) …                                 // before the stop string
//   out = text.Finish();                                  // the rest, where no more tokens come
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace poems::phi {

// All that comes out is valid UTF-8 in whole characters; U+FFFD stands for bytes that are none.
// What may be the begin of a stop string is held back until it is known not to be one.
class StopText {
 public:
  // Strings that are not empty.
  explicit StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  std::string Add(std::string_view bytes);
  std::string Finish();
  // A stop string was found; nothing comes any more.
  bool stopped() const { return stopped_; }

 private:
  std::string Release();
  size_t HeldBack() const;

  const std::vector<std::string> stops_;
  std::string bytes_;  // not yet a whole character
  std::string text_;   // not yet released
  bool stopped_ = false;
};

}  // namespace poems::phi
