// Seals pages of an fspf one after the other.
//
// Side: hosted
#pragma once

#include <vector>

#include "lib/fspf/tree.h"
#include "lib/fspf_writer/key_schedule.h"

namespace scone::fspf {

class PageWriter {
  public:
    PageWriter(const aead::AesGcm256& cipher, const KeySchedule& keys);

    // Appends the page and hands back how to find and verify it.
    PageRef append(std::span<const uint8_t, kPagePayloadSize> payload);
    // Seals the header page; hands back all pages. To be called once, last.
    std::vector<uint8_t> finish(Header& header, const RootRecord& root);

  private:
    const aead::AesGcm256& cipher_;
    const KeySchedule& keys_;
    aead::GcmKeyContext context_;
    std::vector<uint8_t> pages_;  // page 0, the header, is filled in at the end
};

}  // namespace scone::fspf
