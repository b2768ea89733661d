// Which pages of the program's range exist in the enclave, and the host calls that change that.
//
// Side:    trusted
// Units:   addresses and sizes in bytes, multiples of the page
// Errors:  false when the host refuses or the heap limit (settings) is reached
// Threads: the caller holds AddressSpace::mutex
// HOST:    a page counts only after EACCEPT, which fails for a page that was there already or has
//          other rights: the host cannot slip in content.
#pragma once

#include <cstdint>

namespace scone::libos::pages {

// Preconditions: called once, before any other. limit: bytes that may be committed.
void initialise(uint64_t limit);
// Whether all of the pages are written soon: then the host brings them at once, not one by one.
enum class Written : uint8_t { Perhaps, Soon };
// Pages that are missing come zeroed, read-write.
bool commit(uint64_t address, uint64_t size, Written written);
// Missing pages come with the bytes at `content` (page aligned) and the rights, at once.
// Preconditions: all of the range is missing.
bool commit_filled(uint64_t address, uint64_t size, const void* content, uint32_t prot);
void trim(uint64_t address, uint64_t size);  // pages that are there go away with their content
// Rights of the pages that are there. prot: PROT_READ, PROT_WRITE, PROT_EXEC.
bool protect(uint64_t address, uint64_t size, uint32_t prot);
bool is_committed(uint64_t address);
// First committed page at or after address, below end; end when there is none.
uint64_t next_committed(uint64_t address, uint64_t end);
uint64_t next_missing(uint64_t address, uint64_t end);
uint64_t committed_size();
uint64_t committed_peak();
uint64_t limit();
// One message per process when memory ran out.
void report_exhaustion();

}  // namespace scone::libos::pages
