// Ledger: what the chainlets of a soaked chain did, in a file that outlives processes which are
// killed.
//
//   Ledger::Stay stay(ledger, request.id());   // begun; dropped, unless it
//   …
//   stay.Finish();
//
// A record is 24 bytes, little endian: the request's id, nanoseconds of CLOCK_MONOTONIC, the
// process's id, the depth (1 is the leaf) and a letter: b(egun), f(inished), d(ropped).
#pragma once

#include <cstdint>
#include <string>

namespace deep {

// Any thread may use it: each record is one write to a file that is open for appending, and so is
// never torn apart by another's.
class Ledger {
 public:
  // No path: nothing is written down.
  Ledger(const std::string& path, uint16_t depth);
  ~Ledger();
  Ledger(const Ledger&) = delete;

  class Stay {
   public:
    Stay(const Ledger& ledger, uint64_t id) : ledger_(ledger), id_(id) { ledger_.Note(id_, 'b'); }
    Stay(const Stay&) = delete;
    ~Stay() { ledger_.Note(id_, finished_ ? 'f' : 'd'); }
    void Finish() { finished_ = true; }

   private:
    const Ledger& ledger_;
    const uint64_t id_;
    bool finished_ = false;
  };

 private:
  void Note(uint64_t id, char what) const;

  const int file_;
  const uint16_t depth_;
};

}  // namespace deep
