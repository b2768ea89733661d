// What turns a report into a quote: the simulated quoting enclave, or Intel's through AESM.
//
// Side:    host
// Threads: quote() may be called from several threads at once
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/channel/messages.h"
#include "lib/text/failure.h"

namespace scone::las {

class QuotingBackend {
  public:
    virtual ~QuotingBackend() = default;
    // Kind, TARGETINFO and id of the quoting enclave; LAS's own name is added by the service.
    virtual channel::LasTarget target() const = 0;
    // The quote, or why there is none; the causes go to the enclave that asked.
    virtual base::Result<std::vector<uint8_t>, channel::ErrorChain> quote(
        base::Bytes report) const = 0;
    // What an operator wants to see at the start.
    virtual std::vector<std::string> log_lines() const = 0;
};

enum class QuoteMode : uint8_t { Auto, Hardware, Simulated };

// Auto: hardware where the SGX device is, else simulated. Unsupported when hardware is asked for
// and a part of it is missing: the failure names the part.
text::Outcome<std::unique_ptr<QuotingBackend>> open_backend(QuoteMode mode,
                                                            const std::string& state_folder);

}  // namespace scone::las
