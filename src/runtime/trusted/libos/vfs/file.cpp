#include "runtime/trusted/libos/vfs/file.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/libos/vfs/lock_space.h"

namespace scone::libos {

using namespace linux_abi;

namespace {
enclave::SpinLock used_lock;
File* first_used;
}  // namespace

void File::descriptor_closed() {
    lock_space::descriptor_closed(*this);
    if (descriptors_.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    if (lost_references_)
        last_descriptor_closed();
    else if (reference_count() > 1)
        note_use_without_descriptor();
}

File::~File() {
    if (lock_fd_ >= 0)
        enclave::host_close(lock_fd_);
    if (link_to_this_ == nullptr)
        return;
    enclave::Guard guard(used_lock);
    unlink_use();
}

// Preconditions: linked, used_lock is held.
void File::unlink_use() {
    *link_to_this_ = next_used_;
    if (next_used_ != nullptr)
        next_used_->link_to_this_ = link_to_this_;
    link_to_this_ = nullptr;
}

void File::note_use_without_descriptor() {
    enclave::Guard guard(used_lock);
    if (link_to_this_ != nullptr)
        return;
    next_used_ = first_used;
    if (first_used != nullptr)
        first_used->link_to_this_ = &next_used_;
    link_to_this_ = &first_used;
    first_used = this;
}

void File::end_uses_without_descriptor() {
    enclave::Guard guard(used_lock);
    for (File *file = first_used, *next; file != nullptr; file = next) {
        next = file->next_used_;
        if (file->descriptors_.load(std::memory_order_relaxed) != 0)
            continue;
        file->unlink_use();
        file->last_descriptor_closed();
    }
}

Result<uint64_t> File::read(IoBuffer& buffer) {
    enclave::Guard guard(position_lock_);
    uint64_t count = SCONE_TRY(read_at(buffer, position_));
    position_ += count;
    return count;
}

Result<uint64_t> File::write(IoBuffer& buffer) {
    enclave::Guard guard(position_lock_);
    if (status_flags() & kO_APPEND) {
        Stat now{};
        SCONE_TRY(stat(now));
        position_ = static_cast<uint64_t>(now.size);
    }
    uint64_t count = SCONE_TRY(write_at(buffer, position_));
    position_ += count;
    return count;
}

Result<uint64_t> File::seek_within(int64_t offset, int whence, uint64_t size) {
    enclave::Guard guard(position_lock_);
    int64_t origin;
    if (whence == kSEEK_SET)
        origin = 0;
    else if (whence == kSEEK_CUR)
        origin = static_cast<int64_t>(position_);
    else if (whence == kSEEK_END)
        origin = static_cast<int64_t>(size);
    else if (whence == 3 || whence == 4) {  // SEEK_DATA, SEEK_HOLE: one run of data
        if (offset < 0 || static_cast<uint64_t>(offset) >= size)
            return error(kENXIO);
        position_ = whence == 3 ? static_cast<uint64_t>(offset) : size;
        return position_;
    } else
        return error(kEINVAL);
    auto target = base::checked_add(origin, offset);
    if (!target)
        return error(kEOVERFLOW);
    if (*target < 0)
        return error(kEINVAL);
    position_ = static_cast<uint64_t>(*target);
    return position_;
}

Result<uint64_t> File::write_now(IoBuffer&) {
    return error(kEINVAL);
}
Result<uint64_t> File::give_now(uint64_t, ByteSink&, Giving) {
    return error(kEINVAL);
}
Result<uint64_t> File::read_at(IoBuffer&, uint64_t) {
    return error(kESPIPE);
}
Result<uint64_t> File::write_at(IoBuffer&, uint64_t) {
    return error(kESPIPE);
}
Result<uint64_t> File::seek(int64_t, int) {
    return error(kESPIPE);
}
Result<uint64_t> File::ioctl(uint64_t, uint64_t) {
    return error(kENOTTY);
}
Result<void> File::truncate(uint64_t) {
    return error(kEINVAL);
}
Result<void> File::allocate(int, uint64_t, uint64_t) {
    return error(kENODEV);
}
Result<void> File::sync(bool) {
    return error(kEINVAL);
}
Result<void> File::change_mode(uint32_t) {
    return error(kEROFS);
}
Result<void> File::change_owner(uint32_t, uint32_t) {
    return error(kEROFS);
}
Result<void> File::set_times(const Timespec*) {
    return error(kEROFS);
}
Result<uint64_t> File::read_directory(IoBuffer&) {
    return error(kENOTDIR);
}
Result<void> File::flock(int operation) {
    return lock_space::flock(*this, operation);
}
Result<uint64_t> File::extended_attribute(ExtendedAttribute&) {
    return error(kEOPNOTSUPP);
}
Result<uint64_t> File::append(IoBuffer& buffer) {
    enclave::Guard guard(position_lock_);
    Stat now{};
    SCONE_TRY(stat(now));
    return write_at(buffer, static_cast<uint64_t>(now.size));
}
Result<Ref<File>> File::reopen(uint32_t) {
    return error(kENXIO);
}
Result<void> File::set_status_flags(uint32_t flags) {
    constexpr uint32_t kChangeable = kO_APPEND | kO_NONBLOCK | kO_ASYNC | kO_DIRECT | kO_NOATIME;
    status_flags_ = (status_flags() & ~kChangeable) | (flags & kChangeable);
    return {};
}
void File::describe(Path& out) const {
    out.append("anon_inode:[file]");
}

}  // namespace scone::libos
