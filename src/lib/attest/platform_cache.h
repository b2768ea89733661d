// Platforms whose certificates and collateral were verified, kept for as long as that holds.
//
// A service that starts again, and every other one of its machine, brings the same PCK chain, and
// the collateral changes once a month; verifying both costs more than all the rest of a quote.
// What is kept stands under the exact bytes of chain, collateral and root key: new bytes, such as
// a newer revocation list, are verified anew. An entry holds from the newest date of issue to the
// first nextUpdate or notAfter of all it is made of; outside of that nothing is found, and the
// verification itself says why.
//
// Side:    hosted
// Threads: any
#pragma once

#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "lib/attest/pck_chain.h"
#include "lib/attest/qe_identity.h"
#include "lib/attest/tcb_info.h"
#include "lib/attest/verdict.h"
#include "lib/crypto/hash.h"

namespace scone::attest {

// Both ends belong to it.
struct Window {
    int64_t begin = 0;
    int64_t end = std::numeric_limits<int64_t>::max();

    void narrow(int64_t not_before, int64_t not_after) {
        begin = begin < not_before ? not_before : begin;
        end = end < not_after ? end : not_after;
    }
    bool holds(int64_t time) const { return begin <= time && time <= end; }
};

// Signed by the TCB signer, fresh, for this platform; neither signer nor chain is revoked.
struct CheckedCollateral {
    TcbInfo tcb_info;
    QeIdentity qe_identity;
    Verdict verdict;  // without statuses and advisories: they depend on the quote
};

struct CheckedPlatform {
    PckChain chain;
    std::optional<CheckedCollateral> collateral;  // absent where only the chain was checked
    Window window;
};

class PlatformCache {
  public:
    using Key = crypto::Sha256Digest;

    // Nothing where none is kept that holds at `time`.
    std::shared_ptr<const CheckedPlatform> find(const Key& key, int64_t time) const;
    // The oldest of kMaxEntries makes room.
    void keep(const Key& key, std::shared_ptr<const CheckedPlatform> platform);

    size_t size() const;

    static constexpr size_t kMaxEntries = 256;

  private:
    mutable std::mutex mutex_;
    std::map<Key, std::shared_ptr<const CheckedPlatform>> entries_;
    std::deque<Key> by_age_;
};

}  // namespace scone::attest
