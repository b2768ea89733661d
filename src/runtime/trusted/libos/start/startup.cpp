// From the first entry to the program's first instruction.
//
// Order: settings page, standard streams, trees of files, program. With attestation (a later step of
// start_configured) arguments, environment and keys come from CAS before the program is opened.
#include "lib/sgx/settings_page.h"
#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/upcalls.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/fs/host_fs.h"
#include "runtime/trusted/libos/fs/proc_fs.h"
#include "runtime/trusted/libos/loader/initial_stack.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/start/launch.h"
#include "runtime/trusted/libos/task/exec.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/threads.h"
#include "runtime/trusted/libos/time/clock.h"
#include "runtime/trusted/libos/vfs/vfs.h"

extern "C" [[noreturn]] void scone_return_to_program();

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint64_t kInfinity = ~0ull;

sgx::SettingsPage read_settings() {
    auto* at = reinterpret_cast<const uint8_t*>(enclave::image_base() + enclave::kSettingsOffset);
    // The header says how many pages were measured; the decoder checks the rest.
    uint32_t pages = sgx::settings_pages_of({at, enclave::kPageSize});
    auto settings = sgx::decode_settings({at, pages * enclave::kPageSize});
    if (!settings)
        fatal(settings.error().text);
    return *settings;
}

Ref<Process> make_first_process(const Launch& launch, const sgx::Settings& settings) {
    auto process = make_ref<Process>();
    auto memory = make_ref<AddressSpace>();
    auto files = make_ref<FdTable>();
    auto fs = make_ref<FsContext>();
    auto handlers = make_ref<SignalHandlers>();
    if (!process || !memory || !files || !fs || !handlers)
        fatal("no memory for the first process");
    process->memory = memory;
    process->files = files;
    process->fs = fs;
    process->handlers = handlers;
    process->pid = launch.pid;
    process->parent_pid = launch.parent_pid;
    process->credentials = launch.credentials;
    process->no_new_processes = settings.fork == sgx::Fork::Refused;
    for (Limit& limit : process->limits)
        limit = {kInfinity, kInfinity};
    constexpr unsigned kStack = 3, kCore = 4, kProcesses = 6, kNoFile = 7;
    process->limits[kStack] = {settings.stack_size, kInfinity};
    process->limits[kCore] = {0, 0};
    process->limits[kProcesses] = {settings.tcs_count, settings.tcs_count};
    process->limits[kNoFile] = {1024, 1048576};
    for (int i = 0; i < kSignalCount; i++)
        if (launch.ignored_signals >> i & 1)
            handlers->actions[i].handler = kSIG_IGN;
    fs->working_directory.clear();
    fs->working_directory.append(launch.working_directory);
    return process;
}

Thread& make_first_thread(enclave::ThreadBlock* block, const Ref<Process>& process, const Launch& launch) {
    auto* thread = enclave::heap_new<Thread>();
    if (thread == nullptr || !process->threads.push(thread))
        fatal("no memory for the first thread");
    thread->block = block;
    thread->process = process;
    thread->tid = process->pid;
    thread->mask = launch.blocked_signals & ~kUnblockable;
    thread->host_tid = static_cast<int64_t>(enclave::host_load(&block->window->host_thread_id));
    block->thread = thread;
    return *thread;
}

// Descriptors 0, 1 and 2 are duplicates of the host's, so that the program can close its own.
void open_standard_streams(Process& process) {
    constexpr uint64_t kFDupfdCloexec = 1030, kFGetfl = 3, kLowestHostFd = 100;
    for (int fd = 0; fd < 3; fd++) {
        int64_t flags = enclave::host_call(__NR_fcntl, enclave::Interruptible::No, static_cast<uint64_t>(fd), kFGetfl);
        int64_t copy = enclave::checked_result(
            enclave::host_call(__NR_fcntl, enclave::Interruptible::No, static_cast<uint64_t>(fd), kFDupfdCloexec,
                               kLowestHostFd),
            1 << 24);
        if (flags < 0 || copy < 0)
            continue;  // closed on the host: closed here
        constexpr std::string_view kNames[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
        auto file = adopt_host_descriptor(copy, static_cast<uint32_t>(flags), kNames[fd]);
        if (file)
            (void)process.files->put(fd, *file, CloseOnExec::No);
    }
}

void mount_trees() {
    auto host = make_ref<HostFs>();
    auto proc = make_ref<ProcFs>();
    auto dev = make_ref<DevFs>();
    if (!host || !proc || !dev || !vfs::mount("", host) || !vfs::mount("/proc", proc) ||
        !vfs::mount("/sys", proc) || !vfs::mount("/dev", dev) || !vfs::mount("/dev/shm", host))
        fatal("no memory for the file systems");
}

[[noreturn]] void run(Thread& thread, const Launch& launch) {
    Process& process = *thread.process;
    auto* program = enclave::heap_new<Program>();
    auto* arguments = enclave::heap_new<StringList>();
    auto* environment = enclave::heap_new<StringList>();
    if (program == nullptr || arguments == nullptr || environment == nullptr)
        fatal("no memory for the program's start");
    Result<void> collected = launch.collect(*arguments, *environment);
    if (collected)
        collected = open_program(launch.program_path, *arguments, *program);
    enclave::Registers* frame = enclave::frame_of(thread.block);
    if (collected) {
        set_program_name(thread, process, program->path);
        collected = load_program(process, *program, *arguments, *environment, *frame);
    }
    if (!collected) {
        FixedText<600> text;
        text.append("cannot start ").append(launch.program_path).append(": errno ");
        text.append_number(static_cast<uint64_t>(collected.error().value));
        fatal(text.view());
    }
    enclave::heap_delete(program);
    enclave::heap_delete(arguments);
    enclave::heap_delete(environment);
    set_program_fs(0);
    clear_vectors(thread);
    frame->how = enclave::Return::Full;
    scone_return_to_program();
}

}  // namespace

void start(enclave::ThreadBlock* block, std::span<const uint8_t> bytes) {
    Thread early;  // until the first process exists, messages need a thread
    early.block = block;
    block->thread = &early;
    Launch launch;
    if (!launch.parse(bytes))
        fatal("the host's launch information is malformed");
    set_log_level(launch.log_level);
    sgx::SettingsPage page = read_settings();
    const sgx::Settings& settings = page.settings();
    if (settings.elrange_size != enclave::elrange_end())
        fatal("the settings were made for another address range");
    pages::initialise(settings.heap_size);
    initialise_thread_slots(settings.tcs_count, block);
    set_stack_size(settings.stack_size);
    Ref<Process> process = make_first_process(launch, settings);
    Thread& thread = make_first_thread(block, process, launch);
    process->start_time_ns = monotonic_ns();
    enclave::host_call(__NR_umask, enclave::Interruptible::No, 0);
    open_standard_streams(*process);
    mount_trees();
    run(thread, launch);
}

}  // namespace scone::libos
