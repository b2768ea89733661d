// The numbers of the calls that the enclave makes on its host.
//
// Side:   both
// Numbers below kFirstSpecial are Linux system call numbers: the host executes that system call
// with the six arguments as they stand (pointers lie in host memory, descriptors are the host's)
// and hands back its result or -errno. The enclave's stubs are the list of those in use.
// Source: docs/formats/host-boundary.md
#pragma once

#include <cstdint>

namespace scone::boundary {

enum HostCallNumber : uint64_t {
    kFirstSpecial = 1000,
    // (address, size, PROT_*, wanted): EAUG of the pages; the enclave then EACCEPTs each, or with
    // PROT_NONE EACCEPTCOPYs each and calls kHostProtect. wanted: 1 when they are written soon.
    kHostExtend = 1001,
    // (address, size, PROT_*): page rights as the host's page tables have them. EMODPR on hardware.
    kHostProtect = 1002,
    // (address, size): EREMOVE of pages; on hardware they were trimmed (1012) and accepted before.
    kHostTrim = 1003,
    // (address, size): EMODT to TCS of pages that were EAUGed and written; the enclave then
    // EACCEPTs.
    kHostMakeTcs = 1004,
    // (tcs address): start a host thread that EENTERs this TCS with EntryReason::ThreadStart.
    // Result: the host's thread id.
    kHostCreateThread = 1005,
    // (): a copy of the process with this one thread (simulated machine: copy-on-write).
    // Result: the child's host pid in the parent, 0 in the child.
    kHostCloneProcess = 1006,
    // (): end of this host thread; does not return. Its TCS is free when the host clears the
    // 32-bit word at args[0] (host memory) and wakes it as a futex.
    kHostExitThread = 1007,
    // (status): end of the whole process with this exit status; does not return.
    kHostExitProcess = 1008,
    // (signal): end the process by this signal, default action, so that the parent sees it.
    kHostDieBySignal = 1009,
    // (address of the name in the data area, size): resolve a host name; the result is the count of
    // addresses, each 20 bytes (u32 AF_INET or AF_INET6, 16 bytes address), written over the data
    // area; -ENOENT no such name, -EAGAIN no answer, -EINVAL not a name.
    kHostResolveName = 1010,
    // (level, address of the text in the data area, size): a line for the host's log (stderr).
    kHostLog = 1011,
    // (address, size): EMODT to TRIM; the enclave then EACCEPTs each page and calls kHostTrim.
    kHostMakeTrim = 1012,
    // (0 or 1, 0 or 1): SA_NOCLDSTOP and SA_NOCLDWAIT of SIGCHLD: are stops of children announced,
    // and do dead ones stay until somebody waits for them?
    kHostWatchChildren = 1013,
    // (): the enclave has emptied a signal queue that was full; more signals may come.
    kHostSignalsTaken = 1014,
};

}  // namespace scone::boundary
