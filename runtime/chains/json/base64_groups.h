// The groups of base64, three bytes or four characters each, as fast as this processor can.
//
// Why by hand: Debian 12 has no library for it. libb64 and libmodpbase64 read one alphabet at a
// time, by tables at best; simdutf and aklomp's base64 are not packaged there. Images and audio
// come as a MiB of bytes in one request, where this is most of the work.
#pragma once

#include <cstddef>

namespace chains::json {

struct Base64Groups {
  // Reads 3 × `groups` bytes and writes 4 × `groups` characters of the standard alphabet.
  void (*encode)(const char* bytes, size_t groups, char* text);
  // Reads 4 × `groups` characters of either alphabet and writes 3 × `groups` bytes. False, with
  // anything in `bytes`, where another character is among them.
  bool (*decode)(const char* text, size_t groups, char* bytes);
};

// By tables, on any processor.
extern const Base64Groups kTableBase64;

// With AVX2 where this processor has it. On others, Arm's among them, by tables.
const Base64Groups& FastestBase64();

}  // namespace chains::json
