#include "runtime/trusted/libos/task/exec.h"

#include "runtime/trusted/enclave/world_stop.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/children.h"
#include "runtime/trusted/libos/task/exit.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/threads.h"
#include "runtime/trusted/libos/time/timers.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;

struct Request {
    Path name, path;
    StringList arguments, environment;
    Program program;
};

Result<void> read_request(Request& request, int fd, uint64_t path, uint64_t arguments,
                          uint64_t environment, uint32_t flags) {
    Path given;
    SCONE_TRY(copy_path(given, path));
    bool from_descriptor = fd != kAT_FDCWD && (given.size() == 0 || given.view()[0] != '/');
    if (from_descriptor)
        request.name.append("/dev/fd/").append_number(static_cast<uint64_t>(fd));
    if (from_descriptor && given.size() > 0)
        request.name.append('/');
    request.name.append(given.view());
    if (given.size() == 0 && (flags & kAT_EMPTY_PATH)) {
        Ref<File> file = SCONE_TRY(current_process().files->get(fd));
        file->describe(request.path);
    } else {
        SCONE_TRY(vfs::absolute_path(fd, given.view(), request.path));
    }
    SCONE_TRY(request.arguments.add_from_program(arguments));
    SCONE_TRY(request.environment.add_from_program(environment));
    if (request.arguments.count() == 0)
        SCONE_TRY(request.arguments.add(""));
    return open_program(request.name.view(), request.path.view(), request.arguments,
                        request.program);
}

// The other threads end; exec goes on alone.
void end_other_threads(Thread& thread) {
    Process& process = *thread.process;
    for (uint64_t round = 0;; round++) {
        {
            Guard guard(process.mutex);
            if (process.threads.size() <= 1)
                break;
            process.exec_thread = &thread;
            // Ever more seldom: kicks wait in the kernel, which keeps only so many for a user.
            if ((round & (round - 1)) == 0)
                for (Thread* other : process.threads)
                    if (other != &thread)
                        kick(*other);
        }
        enclave::rest_if_stopped(thread.block);
        enclave::yield_to_host();
    }
    process.exec_thread = nullptr;
    thread.tid = process.pid;
}

void reset_signals(Thread& thread) {
    Process& process = *thread.process;
    auto fresh = make_ref<SignalHandlers>();
    if (!fresh)
        end_process_by_signal(kSIGKILL);
    for (int i = 0; i < kSignalCount; i++)
        if (process.handlers->actions[i].handler == kSIG_IGN)
            fresh->actions[i].handler = kSIG_IGN;
    process.handlers = fresh;
    thread.alternate_stack = {0, kSS_DISABLE, 0, 0};
    thread.clear_child_tid = 0;
    thread.robust_list = 0;
    thread.restore_saved_mask = false;
    apply_child_flags(process);
}

std::string_view last_component(std::string_view path) {
    size_t at = path.size();
    while (at > 0 && path[at - 1] != '/')
        at--;
    return {path.data() + at, path.size() - at};
}

}  // namespace

void clear_vectors(Thread& thread) {
    uint8_t* area = enclave::vector_area_of(thread.block);
    __builtin_memset(area, 0, enclave::kVectorAreaSize);
    // All components in their initial state but the control words: FCW 0x37f, MXCSR 0x1f80.
    constexpr uint16_t kFcw = 0x37f;
    constexpr uint32_t kMxcsr = 0x1f80;
    __builtin_memcpy(area, &kFcw, 2);
    __builtin_memcpy(area + 24, &kMxcsr, 4);
    area[512] = 3;
    thread.vectors_in_frame = true;
}

void set_program_name(Thread& thread, Process& process, const Program& program) {
    process.executable = program.path;
    process.name = FixedText<16>(last_component(program.name.view()));
    thread.name = process.name;
}

SyscallResult execute(Thread& thread, enclave::Registers& frame, int fd, uint64_t path,
                      uint64_t arguments, uint64_t environment, uint32_t flags) {
    auto* request = enclave::heap_new<Request>();
    if (request == nullptr)
        return error(kENOMEM);
    struct Free {
        Request* request;
        ~Free() { enclave::heap_delete(request); }
    } free_request{request};
    SCONE_TRY(read_request(*request, fd, path, arguments, environment, flags));
    if (thread.process->vfork_parent != nullptr) {
        if (!SCONE_TRY(split_vfork_child(thread, frame)))
            return frame.rax;
    } else {
        end_other_threads(thread);
    }
    // No way back from here.
    Process& process = *thread.process;
    auto memory = make_ref<AddressSpace>();
    if (!memory)
        end_process_by_signal(kSIGKILL);
    process.memory->clear();
    process.memory = memory;
    process.files->close_for_exec();
    delete_timers(process);
    reset_signals(thread);
    set_program_name(thread, process, request->program);
    if (!load_program(process, request->program, request->arguments, request->environment, frame))
        end_process_by_signal(kSIGKILL);
    set_program_fs(0);
    clear_vectors(thread);
    frame.how = enclave::Return::Full;
    return frame.rax;
}

}  // namespace scone::libos
