// Which pages of the image are measured through a digest instead of page by page, and that digest.
//
// Side:    host
// All pages but those with something of the core: its sections (.core.*, by cmake/enclave_core.ld),
// what the loader and the core read (ELF header, notes), and the digest itself. An image without
// the section .scone.deferred (a program without our core) has none.
// Errors:  InvalidInput: more ranges than the core's table holds
// Source:  docs/formats/enclave-image.md, sections 2 and 3
#pragma once

#include "lib/sgx/image_notes.h"
#include "tools/enclave_image/image.h"

namespace scone::enclave_image {

text::Outcome<sgx::DeferredPages> find_deferred_pages(Image& image);

// Call last: the digest is over the image's final bytes. Hands back the number of pages.
text::Outcome<uint64_t> write_deferred_digest(Image& image, const sgx::DeferredPages& pages);

}  // namespace scone::enclave_image
