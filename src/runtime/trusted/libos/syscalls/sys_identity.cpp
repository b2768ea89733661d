// Process, user and group ids, sessions, capabilities
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/parent.h"

namespace scone::libos {
namespace {
using namespace linux_abi;

SyscallResult host_number(uint64_t number, uint64_t a0 = 0, uint64_t a1 = 0, uint64_t a2 = 0) {
    return from_kernel(enclave::checked_result(
        enclave::host_call(number, enclave::Interruptible::No, a0, a1, a2), INT32_MAX));
}
// The group of a child that has a host process, for waiting by group.
void note_group(Process& process, int32_t pid, int32_t group) {
    enclave::Guard guard(process.mutex);
    for (Child& child : process.children)
        if (child.pid == pid)
            child.group = group;
}
}  // namespace

SyscallResult sys_getpid(Call& call) {
    return static_cast<uint64_t>(call.process().pid);
}
SyscallResult sys_getppid(Call& call) {
    return static_cast<uint64_t>(call.process().parent_pid.load(std::memory_order_relaxed));
}
SyscallResult sys_gettid(Call& call) {
    return static_cast<uint64_t>(call.thread.tid);
}
SyscallResult sys_getuid(Call& call) {
    return call.process().credentials.user;
}
SyscallResult sys_geteuid(Call& call) {
    return call.process().credentials.effective_user;
}
SyscallResult sys_getgid(Call& call) {
    return call.process().credentials.group;
}
SyscallResult sys_getegid(Call& call) {
    return call.process().credentials.effective_group;
}

SyscallResult sys_getresuid(Call& call) {
    Credentials& c = call.process().credentials;
    SCONE_TRY(AppPtr<uint32_t>(call.arg[0]).store(c.user));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[1]).store(c.effective_user));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[2]).store(c.saved_user));
    return 0;
}
SyscallResult sys_getresgid(Call& call) {
    Credentials& c = call.process().credentials;
    SCONE_TRY(AppPtr<uint32_t>(call.arg[0]).store(c.group));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[1]).store(c.effective_group));
    SCONE_TRY(AppPtr<uint32_t>(call.arg[2]).store(c.saved_group));
    return 0;
}

// The host changes its own identity first, so that files it opens belong to the new one.
namespace {
SyscallResult set_ids(Process& process, uint64_t number, uint64_t real, uint64_t effective,
                      uint64_t saved, uint32_t& r, uint32_t& e, uint32_t& s) {
    auto is_own = [&](uint64_t value) {
        auto id = static_cast<uint32_t>(value);
        return id == ~0u || id == r || id == e || id == s;
    };
    bool privileged = process.credentials.effective_user == 0;
    if (!privileged && !(is_own(real) && is_own(effective) && is_own(saved)))
        return error(kEPERM);
    SCONE_TRY(change_host_process(process, number, real, effective, saved));
    if (process.vfork_parent == nullptr)
        watch_parent(process);
    auto assign = [](uint32_t& id, uint64_t value) {
        if (static_cast<uint32_t>(value) != ~0u)
            id = static_cast<uint32_t>(value);
    };
    assign(r, real), assign(e, effective), assign(s, saved);
    return 0;
}
constexpr uint64_t kKeep = ~0u;
}  // namespace
SyscallResult sys_setuid(Call& call) {
    Credentials& c = call.process().credentials;
    bool all = c.effective_user == 0;
    return set_ids(call.process(), __NR_setresuid, all ? call.arg[0] : kKeep, call.arg[0],
                   all ? call.arg[0] : kKeep, c.user, c.effective_user, c.saved_user);
}
SyscallResult sys_setgid(Call& call) {
    Credentials& c = call.process().credentials;
    bool all = c.effective_user == 0;
    return set_ids(call.process(), __NR_setresgid, all ? call.arg[0] : kKeep, call.arg[0],
                   all ? call.arg[0] : kKeep, c.group, c.effective_group, c.saved_group);
}
SyscallResult sys_setreuid(Call& call) {
    Credentials& c = call.process().credentials;
    return set_ids(call.process(), __NR_setresuid, call.arg[0], call.arg[1], call.arg[1], c.user,
                   c.effective_user, c.saved_user);
}
SyscallResult sys_setregid(Call& call) {
    Credentials& c = call.process().credentials;
    return set_ids(call.process(), __NR_setresgid, call.arg[0], call.arg[1], call.arg[1], c.group,
                   c.effective_group, c.saved_group);
}
SyscallResult sys_setresuid(Call& call) {
    Credentials& c = call.process().credentials;
    return set_ids(call.process(), __NR_setresuid, call.arg[0], call.arg[1], call.arg[2], c.user,
                   c.effective_user, c.saved_user);
}
SyscallResult sys_setresgid(Call& call) {
    Credentials& c = call.process().credentials;
    return set_ids(call.process(), __NR_setresgid, call.arg[0], call.arg[1], call.arg[2], c.group,
                   c.effective_group, c.saved_group);
}
SyscallResult sys_setfsuid(Call& call) {
    return call.process().credentials.effective_user;
}
SyscallResult sys_setfsgid(Call& call) {
    return call.process().credentials.effective_group;
}

SyscallResult sys_getgroups(Call& call) {
    constexpr uint64_t kMaximum = 65536;
    uint64_t count = call.u32(0);
    if (count > kMaximum)
        return error(kEINVAL);
    uint64_t fitting = (enclave::window_data_size() - enclave::kResultArea) / 4;
    uint64_t asked = count < fitting ? count : fitting;
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    int64_t result = enclave::checked_result(
        enclave::host_call(__NR_getgroups, enclave::Interruptible::No, asked, at),
        count == 0 ? kMaximum : asked);
    if (result > 0 && count > 0)
        SCONE_TRY(copy_to_program(call.arg[1], reinterpret_cast<const void*>(at),
                                  static_cast<uint64_t>(result) * 4));
    return from_kernel(result);
}
SyscallResult sys_setgroups(Call& call) {
    uint64_t count = call.u32(0);
    if (count * 4 > enclave::window_data_size() - enclave::kResultArea)
        return error(kEINVAL);
    if (call.process().credentials.effective_user != 0)
        return error(kEPERM);
    DeferredCall what{__NR_setgroups, {count, 0, 0}};
    if (!what.list.resize(count))
        return error(kENOMEM);
    SCONE_TRY(copy_from_program(what.list.data(), call.arg[1], count * 4));
    SCONE_TRY(change_host_process(call.process(), std::move(what)));
    return 0;
}

SyscallResult sys_getpgrp(Call& call) {
    return static_cast<uint64_t>(call.process().group);
}
SyscallResult sys_getpgid(Call& call) {
    if (call.fd(0) == 0 || call.fd(0) == call.process().pid)
        return static_cast<uint64_t>(call.process().group);
    return host_number(__NR_getpgid, call.arg[0]);
}
SyscallResult sys_setpgid(Call& call) {
    Process& process = call.process();
    int pid = call.fd(0), group = call.fd(1);
    bool self = pid == 0 || pid == process.pid;
    if (group < 0)
        return error(kEINVAL);
    if (!self) {
        SCONE_TRY(host_number(__NR_setpgid, call.arg[0], call.arg[1]));
        note_group(process, pid, group == 0 ? pid : group);
        return 0;
    }
    if (process.session == process.pid)
        return error(kEPERM);
    // The number of a vfork child is not known to the host.
    bool own_group = group == 0 || group == process.pid;
    SCONE_TRY(change_host_process(process, __NR_setpgid, 0,
                                  own_group ? 0 : static_cast<uint64_t>(group)));
    process.group = own_group ? process.pid : group;
    return 0;
}
SyscallResult sys_getsid(Call& call) {
    if (call.fd(0) == 0 || call.fd(0) == call.process().pid)
        return static_cast<uint64_t>(call.process().session);
    return host_number(__NR_getsid, call.arg[0]);
}
SyscallResult sys_setsid(Call& call) {
    Process& process = call.process();
    if (process.group == process.pid)
        return error(kEPERM);
    SCONE_TRY(change_host_process(process, __NR_setsid, 0));
    process.session = process.group = process.pid;
    return static_cast<uint64_t>(process.pid);
}

SyscallResult sys_capget(Call& call) {
    // No capability is claimed: what the host really allows shows when it is used.
    constexpr uint32_t kVersion3 = 0x20080522;
    uint32_t version = SCONE_TRY(AppPtr<uint32_t>(call.arg[0]).load());
    if (version != kVersion3 && version != 0x20071026 && version != 0x19980330) {
        SCONE_TRY(AppPtr<uint32_t>(call.arg[0]).store(kVersion3));
        return call.arg[1] == 0 ? SyscallResult(0) : error(kEINVAL);
    }
    uint32_t data[6] = {};
    if (call.process().credentials.effective_user == 0)
        data[0] = data[1] = ~0u, data[3] = data[4] = 0x1ff;
    if (call.arg[1] != 0)
        SCONE_TRY(copy_to_program(call.arg[1], data, version == 0x19980330 ? 12 : sizeof data));
    return 0;
}
SyscallResult sys_capset(Call&) {
    return 0;
}

}  // namespace scone::libos
