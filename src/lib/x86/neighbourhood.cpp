#include "lib/x86/neighbourhood.h"

namespace scone::x86 {

Neighbourhood::Neighbourhood(base::Bytes code, size_t place)
    : base_(place < kLookBack ? 0 : place - kLookBack) {
    for (size_t i = base_; i < place; ++i)
        lengths_[i - base_] = decode(code.subspan(i)).length;
}

unsigned Neighbourhood::agreement(size_t place) const {
    const size_t end = place - base_;
    const size_t first = end < kFarthestStart ? 0 : end - kFarthestStart;
    Path paths[kLookBack + 1];
    paths[end] = Path::Leads;
    unsigned votes = 0;
    unsigned agreed = 0;
    for (size_t i = end; i-- > first;) {
        const size_t next = i + lengths_[i];
        paths[i] = lengths_[i] == 0 ? Path::NoVote : next <= end ? paths[next] : Path::Misses;
        if (end - i < kNearestStart || paths[i] == Path::NoVote)
            continue;
        ++votes;
        agreed += paths[i] == Path::Leads;
    }
    if (votes >= kLeastVotes)
        return agreed * 100 / votes;
    // Too near to the start of the code for a vote: its first byte starts an instruction.
    return base_ + first == 0 && paths[0] == Path::Leads ? 100 : 0;
}

size_t Neighbourhood::previous(size_t place) const {
    size_t best = place;
    unsigned best_agreement = kAgreementPercent - 1;
    for (size_t length = 1; length <= kMaxInstructionLength && length <= place - base_; ++length) {
        const size_t start = place - length;
        if (lengths_[start - base_] != length)
            continue;
        const unsigned share = agreement(start);
        if (share > best_agreement) {
            best = start;
            best_agreement = share;
        }
    }
    return best;
}

}  // namespace scone::x86
