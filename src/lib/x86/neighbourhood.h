// Where instructions begin in front of a place of the code, told without symbols.
//
// Decoding from a wrong byte falls into step with the code after a few instructions. So a place is
// the start of an instruction when decoding from 40 places well before it leads there (75 % of
// those that meet no invalid instruction). In libc, ld.so, musl, busybox and Go all starts agree on
// every true place, and none on a false one.
//
// Side:    core
// Units:   offsets in the code
// Threads: pure functions
#pragma once

#include "lib/x86/length_decoder.h"

namespace scone::x86 {

class Neighbourhood {
  public:
    // Nearest and farthest start place, counted back from the place that is judged.
    static constexpr size_t kNearestStart = 33;
    static constexpr size_t kFarthestStart = 72;
    // How far in front of `place` one may still ask.
    static constexpr size_t kReach = 34;

    // Preconditions: place <= code.size()
    Neighbourhood(base::Bytes code, size_t place);

    // True when `place` is the start of an instruction (or the end of the last one).
    // Preconditions: this and the next two: not farther than kReach before the place given above.
    bool agrees(size_t place) const { return agreement(place) >= kAgreementPercent; }
    // The share, in percent, of start places that lead to `place`; 0 where too few have a vote.
    unsigned agreement(size_t place) const;
    // The start of the instruction that ends at `place`, or `place` where none is certain.
    size_t previous(size_t place) const;

  private:
    static constexpr unsigned kAgreementPercent = 75;
    static constexpr unsigned kLeastVotes = 12;  // of 40; fewer mean data, which is mostly invalid
    static constexpr size_t kLookBack = kFarthestStart + kReach;
    enum class Path : uint8_t { NoVote, Misses, Leads };

    size_t base_;
    uint8_t lengths_[kLookBack] = {};
};

}  // namespace scone::x86
