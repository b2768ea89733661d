// What CAS knows of an enclave once its quote was verified, and the texts where it was not.
//
// Side:    host
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <variant>

#include "lib/attest/quote_verifier.h"
#include "lib/channel/messages.h"
#include "lib/sgx/architecture.h"

namespace scone::cas {

// A verified quote. The kind is a type of its own: a simulated quote has no verdict, and nothing
// turns one into the other.
struct RealPlatform {
    attest::Verdict verdict;
};
struct SimulatedPlatform {};

struct Evidence {
    std::variant<RealPlatform, SimulatedPlatform> platform;
    sgx::ReportBody report{};
    base::ByteArray<16> qe_id{};

    bool is_simulated() const { return std::holds_alternative<SimulatedPlatform>(platform); }
};

template <class T>
using Attested = std::expected<T, channel::ErrorChain>;

inline void add_note(channel::ErrorChain& chain, std::string text) {
    chain.causes.push_back({channel::CauseKind::Note, 0, std::move(text)});
}
inline void add_item(channel::ErrorChain& chain, std::string text, uint8_t depth = 1) {
    chain.causes.push_back({channel::CauseKind::Item, depth, std::move(text)});
}

}  // namespace scone::cas
