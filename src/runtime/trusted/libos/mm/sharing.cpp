#include "runtime/trusted/libos/mm/sharing.h"

#include <atomic>

#include "runtime/trusted/libos/log.h"

namespace scone::libos::sharing {
namespace {

using namespace linux_abi;

Allowed outside_allowed = Allowed::No, processes_allowed = Allowed::No;
std::atomic<bool> refusal_reported, use_reported;

Result<Place> outside() {
    if (outside_allowed == Allowed::No) {
        if (!refusal_reported.exchange(true))
            log(Level::Warning,
                "The program asked for memory that several processes share. It would lie outside "
                "of the enclave, where the host can read and change it, and is refused. Set "
                "SCONE_SHARED_MEMORY=insecure in the environment of the service's policy to permit "
                "it.");
        return error(kEPERM);
    }
    if (!use_reported.exchange(true))
        log(Level::Warning,
            "Memory that processes share lies outside of the enclave: the host can read and change "
            "it. This is not secure!");
    return Place::Outside;
}

}  // namespace

void configure(Allowed outside, Allowed processes) {
    outside_allowed = outside;
    processes_allowed = processes;
}
bool is_allowed_outside() {
    return outside_allowed == Allowed::Yes;
}

Result<Place> place_of(const Ref<File>& file, uint32_t prot, uint32_t flags) {
    bool alone = processes_allowed == Allowed::No;
    Stat status{};
    if (file)
        SCONE_TRY(file->stat(status));
    bool is_file = (status.mode & kS_IFMT) == kS_IFREG;
    // Nobody else can have it: /dev/zero mapped shared is anonymous memory too.
    if (!is_file)
        return alone ? Result<Place>(Place::Inside) : outside();
    bool can_write = file->is_writable();
    if (file->host_descriptor() < 0) {
        // Protected content never leaves the enclave: each process has its own view, which is
        // written back. What lies in the enclave's own /dev/shm is meant for other processes.
        Path path;
        file->describe(path);
        constexpr std::string_view kShared = "/dev/shm/";
        bool meant_for_others = path.view().substr(0, kShared.size()) == kShared;
        return alone || !can_write || !meant_for_others ? Result<Place>(Place::Inside) : outside();
    }
    // Code runs in the enclave only, and there a mapping has to lie if the program says where.
    bool bound_inside = (prot & kPROT_EXEC) || ((flags & kMAP_FIXED) && !can_write);
    if (bound_inside && !can_write)
        return Place::Inside;
    if (outside_allowed == Allowed::Yes)
        return can_write ? outside() : Result<Place>(Place::Outside);
    // A view of the host's file that is read at the first touch and written back.
    return alone || !can_write ? Result<Place>(Place::Inside) : outside();
}

Result<void> check_system_v() {
    SCONE_TRY(outside());
    return {};
}

}  // namespace scone::libos::sharing
