// Locks on files that live in the enclave or in a protected region: fcntl's, those of open file
// descriptions, flock. Two nameless files of the host, which forked children have too, stand for
// all of them: a file's bytes are a stretch there. So the host's kernel does the bookkeeping.
//
// Side:    trusted
// Units:   bytes; of each file the first 2^40 - 1 are told apart, all behind are one
// Errors:  as fcntl(2) and flock(2) give them
// HOST:    it may grant or refuse as it likes, as with locks on its own files; what is locked is
//          checked here
// Limits:  two files share a stretch with a chance of 2^-22, then their locks are one file's. Locks
//          of processes and of descriptions do not see each other.
// Source:  fcntl(2), "Advisory record locking"; flock(2)
#pragma once

#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos::lock_space {

// struct flock
struct RecordLock {
    int16_t type, whence;
    int32_t pad;
    int64_t start, length;
    int32_t pid, pad2;
};
static_assert(sizeof(RecordLock) == 32);

// F_GETLK, F_SETLK, F_SETLKW and the same for descriptions. The answer to F_GETLK is in `lock`.
SyscallResult record_lock(File& file, int command, RecordLock& lock);
Result<void> flock(File& file, int operation);
// A descriptor of the file was closed: the process' record locks on it go.
void descriptor_closed(File& file);
// Before a fork: children have the same space.
void prepare_for_fork();
void forget_record_locks();  // in the child

}  // namespace scone::libos::lock_space
