#include "runtime/trusted/libos/vfs/fd_table.h"

namespace scone::libos {

using namespace linux_abi;

bool FdTable::room_for(size_t fd) {
    if (fd < slots_.size())
        return true;
    size_t size = slots_.size() < 32 ? 32 : slots_.size() * 2;
    return slots_.resize(fd < size ? size : fd + 1);
}

Result<Ref<File>> FdTable::get(int fd) {
    enclave::Guard guard(lock_);
    if (fd < 0 || static_cast<size_t>(fd) >= slots_.size() || !slots_[static_cast<size_t>(fd)].file)
        return error(kEBADF);
    return slots_[static_cast<size_t>(fd)].file.file();
}

Result<int> FdTable::add(Ref<File> file, CloseOnExec close_on_exec, int minimum) {
    enclave::Guard guard(lock_);
    if (minimum > 0 && static_cast<size_t>(minimum) >= limit_)
        return error(kEINVAL);
    size_t fd =
        static_cast<size_t>(minimum) > lowest_free_ ? static_cast<size_t>(minimum) : lowest_free_;
    while (fd < slots_.size() && slots_[fd].file)
        fd++;
    if (fd >= limit_)
        return error(kEMFILE);
    if (!room_for(fd))
        return error(kENOMEM);
    slots_[fd].file = OpenFile(std::move(file));
    slots_[fd].close_on_exec = close_on_exec == CloseOnExec::Yes;
    if (minimum <= static_cast<int>(lowest_free_))
        lowest_free_ = fd + 1;
    return static_cast<int>(fd);
}

Result<void> FdTable::put(int fd, Ref<File> file, CloseOnExec close_on_exec) {
    OpenFile old;  // closed after the lock is free: a close may call the host
    {
        enclave::Guard guard(lock_);
        if (fd < 0 || static_cast<uint64_t>(fd) >= limit_)
            return error(kEBADF);
        auto index = static_cast<size_t>(fd);
        if (!room_for(index))
            return error(kENOMEM);
        old = std::move(slots_[index].file);
        slots_[index].file = OpenFile(std::move(file));
        slots_[index].close_on_exec = close_on_exec == CloseOnExec::Yes;
    }
    return {};
}

Result<void> FdTable::close(int fd) {
    OpenFile old;
    {
        enclave::Guard guard(lock_);
        if (fd < 0 || static_cast<size_t>(fd) >= slots_.size() ||
            !slots_[static_cast<size_t>(fd)].file)
            return error(kEBADF);
        old = std::move(slots_[static_cast<size_t>(fd)].file);
        if (static_cast<size_t>(fd) < lowest_free_)
            lowest_free_ = static_cast<size_t>(fd);
    }
    return {};
}

void FdTable::close_range(unsigned first, unsigned last, bool only_mark) {
    size_t end;
    {
        enclave::Guard guard(lock_);
        end = slots_.size();
    }
    for (size_t fd = first; fd <= last && fd < end; fd++) {
        if (only_mark)
            (void)set_close_on_exec(static_cast<int>(fd), true);
        else
            (void)close(static_cast<int>(fd));
    }
}

Result<bool> FdTable::close_on_exec(int fd) {
    enclave::Guard guard(lock_);
    if (fd < 0 || static_cast<size_t>(fd) >= slots_.size() || !slots_[static_cast<size_t>(fd)].file)
        return error(kEBADF);
    return slots_[static_cast<size_t>(fd)].close_on_exec;
}

Result<void> FdTable::set_close_on_exec(int fd, bool value) {
    enclave::Guard guard(lock_);
    if (fd < 0 || static_cast<size_t>(fd) >= slots_.size() || !slots_[static_cast<size_t>(fd)].file)
        return error(kEBADF);
    slots_[static_cast<size_t>(fd)].close_on_exec = value;
    return {};
}

void FdTable::close_for_exec() {
    for (size_t fd = 0;; fd++) {
        bool marked;
        {
            enclave::Guard guard(lock_);
            if (fd >= slots_.size())
                return;
            marked = slots_[fd].file && slots_[fd].close_on_exec;
        }
        if (marked)
            (void)close(static_cast<int>(fd));
    }
}

void FdTable::note_lost_references() {
    enclave::Guard guard(lock_);
    for (Slot& slot : slots_)
        if (slot.file)
            slot.file.file()->note_lost_references();
}

Ref<FdTable> FdTable::copy() {
    auto table = make_ref<FdTable>();
    if (!table)
        return table;
    enclave::Guard guard(lock_);
    if (!table->slots_.resize(slots_.size()))
        return {};
    for (size_t i = 0; i < slots_.size(); i++) {
        table->slots_[i].file = OpenFile(slots_[i].file.file());
        table->slots_[i].close_on_exec = slots_[i].close_on_exec;
    }
    table->lowest_free_ = lowest_free_;
    table->limit_ = limit_;
    return table;
}

}  // namespace scone::libos
