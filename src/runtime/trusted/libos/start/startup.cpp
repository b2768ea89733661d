// From the first entry to the program's first instruction.
//
// Order: settings page, attestation and configuration, trees of files, program. So the program
// itself may be encrypted.
#include "lib/sgx/settings_page.h"
#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/upcalls.h"
#include "runtime/trusted/libos/fs/dev_fs.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/fs/host_fs.h"
#include "runtime/trusted/libos/fs/proc_fs.h"
#include "runtime/trusted/libos/fs/protected_fs.h"
#include "runtime/trusted/libos/fs/tmp_fs.h"
#include "runtime/trusted/libos/loader/code_rules.h"
#include "runtime/trusted/libos/loader/initial_stack.h"
#include "runtime/trusted/libos/loader/measured_files.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/mm/sharing.h"
#include "runtime/trusted/libos/rewrite/hook.h"
#include "runtime/trusted/libos/rewrite/plans.h"
#include "runtime/trusted/libos/start/configuration.h"
#include "runtime/trusted/libos/task/children.h"
#include "runtime/trusted/libos/task/exec.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/parent.h"
#include "runtime/trusted/libos/task/threads.h"
#include "runtime/trusted/libos/time/clock.h"
#include "runtime/trusted/libos/vector_section.h"
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

// The program is the measured one; only where none is (a test enclave) the host names it.
std::string_view measured_program(const sgx::SettingsPage& page, const Launch& launch) {
    std::string_view path = launch.program_path;
    page.for_each_file([&](const sgx::MeasuredFile& file) {
        if (file.role == sgx::FileRole::Program)
            path = file.path;
    });
    return path;
}

constexpr unsigned kStack = 3, kCore = 4, kProcesses = 6, kNoFile = 7;

// The host's limit of descriptors is the program's too. The host's soft limit is raised to the hard
// one: the program's own is kept here.
// HOST: a host that lies only makes opening fail sooner or later than it said.
Limit host_descriptor_limit() {
    constexpr Limit kUsual{1024, 1048576};
    Limit limit{};
    int64_t result =
        enclave::host_structure_call(__NR_prlimit64, 3, &limit, 0, sizeof limit, 0, kNoFile, 0);
    if (result < 0 || limit.soft == 0 || limit.soft > limit.hard)
        return kUsual;
    Limit raised{limit.hard, limit.hard};
    enclave::host_structure_call(__NR_prlimit64, 2, &raised, sizeof raised, 0, 0, kNoFile);
    if (limit.hard > kUsual.hard)
        limit.hard = kUsual.hard;
    if (limit.soft > limit.hard)
        limit.soft = limit.hard;
    return limit;
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
    process->limits[kStack] = {settings.stack_size, kInfinity};
    process->limits[kCore] = {0, 0};
    process->limits[kProcesses] = {settings.tcs_count, settings.tcs_count};
    process->limits[kNoFile] = host_descriptor_limit();
    files->set_limit(process->limits[kNoFile].soft);
    for (int i = 0; i < kSignalCount; i++)
        if (launch.ignored_signals >> i & 1)
            handlers->actions[i].handler = kSIG_IGN;
    return process;
}

Thread& make_first_thread(enclave::ThreadBlock* block, const Ref<Process>& process,
                          const Launch& launch) {
    auto* thread = enclave::heap_new<Thread>();
    if (thread == nullptr || !process->threads.push(thread))
        fatal("no memory for the first thread");
    thread->block = block;
    thread->process = process;
    thread->tid = process->pid;
    thread->mask = launch.blocked_signals & ~kUnblockable;
    thread->host_tid = static_cast<int64_t>(enclave::host_load(&block->window->host_thread_id));
    block->thread = thread;
    watch_parent(*process);
    ask_for_group(*process);
    apply_child_flags(*process);
    return *thread;
}

// Descriptors 0, 1 and 2 are duplicates of the host's, so that the program can close its own.
void open_standard_streams(Process& process) {
    constexpr uint64_t kFDupfdCloexec = 1030, kFGetfl = 3, kLowestHostFd = 100;
    for (int fd = 0; fd < 3; fd++) {
        int64_t flags = enclave::host_call(__NR_fcntl, enclave::Interruptible::No,
                                           static_cast<uint64_t>(fd), kFGetfl);
        int64_t copy = enclave::checked_result(
            enclave::host_call(__NR_fcntl, enclave::Interruptible::No, static_cast<uint64_t>(fd),
                               kFDupfdCloexec, kLowestHostFd),
            1 << 24);
        if (flags < 0 || copy < 0)
            continue;  // closed on the host: closed here
        constexpr std::string_view kNames[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
        auto file = adopt_host_descriptor(copy, static_cast<uint32_t>(flags), kNames[fd]);
        if (file)
            (void)process.files->put(fd, *file, CloseOnExec::No);
    }
}

Ref<FileSystem> host_tree(std::string_view path, std::string_view host_path) {
    return make_ref<HostFs>(path, host_path);
}
Ref<FileSystem> ephemeral_tree(std::string_view path) {
    return make_ref<TmpFs>(path == "/" ? "" : path);
}

// An attested service has shared memory if its policy says so. Other starts have it unless they
// want to see what an attested one would.
void permit_sharing(const Launch& launch, const Configuration& configuration,
                    const Process& process) {
    using sharing::Allowed;
    bool outside = configuration.attested
                       ? configuration.insecure_shared_memory
                       : launch.environment_value("SCONE_SHARED_MEMORY") != "deny";
    sharing::configure(outside ? Allowed::Yes : Allowed::No,
                       process.no_new_processes ? Allowed::No : Allowed::Yes);
    if (configuration.insecure_shared_memory)
        log(Level::Warning,
            "SCONE_SHARED_MEMORY=insecure: memory that processes share, and what they send through "
            "System V queues, lies outside of the enclave. This is not secure!");
}

// Preconditions: the templates are not among the files yet.
void warn_of_hidden_files(const Configuration& configuration) {
    for (const InjectedContent* file : configuration.files) {
        Stat now{};
        if (!vfs::stat(file->path.view(), Follow::Yes, now))
            continue;
        FixedText<kPathMax + 200> text;
        text.append("Ignoring secret injection file (template) content from ");
        text.append(file->path.view());
        text.append(
            " in the file system, since the file content is provided in the CAS session already.");
        log(Level::Warning, text.view());
    }
}

void mount_files(Configuration& configuration, uint64_t heap_size) {
    bool mounted;
    if (configuration.has_root) {
        auto volume = ProtectedVolume::open(
            runtime_cipher(), configuration.fspf_path.view(),
            fspf::Key{std::span<const uint8_t, 32>(configuration.fspf_key)},
            std::to_array(configuration.fspf_tag), block_cache_size(heap_size));
        mounted = volume && mount_regions(volume, {host_tree, ephemeral_tree});
    } else {
        auto host = make_ref<HostFs>("/", "/");
        mounted = host && vfs::mount("", host);
    }
    auto proc = make_ref<ProcFs>();
    auto dev = make_ref<DevFs>();
    Ref<FileSystem> shared =
        sharing::is_allowed_outside() ? host_tree("", "") : ephemeral_tree("/dev/shm");
    mounted = mounted && proc && dev && shared && vfs::mount("/proc", proc) &&
              vfs::mount("/sys", proc) && vfs::mount("/dev", dev) && vfs::mount("/dev/shm", shared);
    if (!mounted)
        fatal("no memory for the file systems");
    warn_of_hidden_files(configuration);
    fill_templates(configuration);
    // Injected files shadow what stands at their path.
    for (const InjectedContent* file : configuration.files) {
        auto tree = make_ref<TmpFs>(file->path.view());
        mounted = mounted && tree && tree->is_ready() &&
                  tree->add_file(file->path.view(), {file->content.data(), file->content.size()},
                                 file->mode) &&
                  vfs::mount(file->path.view(), tree);
    }
    if (!mounted)
        fatal("no memory for the file systems");
}

// The directory comes from the policy, or from the host for a start that is not attested.
void enter_working_directory(Process& process, const Launch& launch,
                             const Configuration& configuration) {
    Stat now{};
    auto found = vfs::stat(configuration.working_directory.view(), Follow::Yes, now);
    if (configuration.attested) {
        if (launch.working_directory != configuration.working_directory.view())
            log(Level::Debug,
                "Applying process working directory from service's session configuration");
        if (!found || (now.mode & kS_IFMT) != kS_IFDIR) {
            FixedText<500> text;
            text.append("the working directory ").append(configuration.working_directory.view());
            text.append(" of the policy does not exist");
            fatal(text.view());
        }
    }
    process.fs->working_directory = configuration.working_directory;
}

[[noreturn]] void run(Thread& thread, std::string_view path, Configuration* configuration) {
    Process& process = *thread.process;
    auto* program = enclave::heap_new<Program>();
    if (program == nullptr)
        fatal("no memory for the program's start");
    enclave::Registers* frame = enclave::frame_of(thread.block);
    auto opened = open_program(path, path, configuration->arguments, *program);
    if (opened) {
        set_program_name(thread, process, *program);
        opened = load_program(process, *program, configuration->arguments,
                              configuration->environment, *frame);
    }
    if (!opened) {
        FixedText<600> text;
        text.append("cannot start ").append(path).append(": errno ");
        text.append_number(static_cast<uint64_t>(opened.error().value));
        fatal(text.view());
    }
    enclave::heap_delete(program);
    enclave::heap_delete(configuration);
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
    std::string_view rewriting = launch.environment_value("SCONE_REWRITE");
    if (rewriting == "0")
        set_rewriting(Rewriting::Off);
    else if (rewriting == "mixed")
        set_rewriting(Rewriting::Mixed);
    sgx::SettingsPage page = read_settings();
    const sgx::Settings& settings = page.settings();
    if (settings.elrange_size != enclave::elrange_end())
        fatal("the settings were made for another address range");
    measured_files::initialise(page);
    code_rules::initialise(settings);
    if (const PlanSet* plans = use_plans(launch.plans, settings.plan_digest))
        plans->for_each_file(measured_files::know_pages);
    pages::initialise(settings.heap_size);
    initialise_thread_slots(settings.tcs_count);
    set_stack_size(settings.stack_size);
    Ref<Process> process = make_first_process(launch, settings);
    Thread& thread = make_first_thread(block, process, launch);
    process->start_time_ns = monotonic_ns();
    enclave::host_call(__NR_umask, enclave::Interruptible::No, 0);
    open_standard_streams(*process);
    auto* configuration = enclave::heap_new<Configuration>();
    if (configuration == nullptr)
        fatal("no memory for the configuration");
    configure(launch, *configuration);
    permit_sharing(launch, *configuration, *process);
    if (configuration->attested)
        code_rules::restrict_dlopen(configuration->dlopen);
    if (configuration->attested || configuration->has_root)
        code_rules::warn_where_insecure();
    set_peer_rules(configuration->peers);
    mount_files(*configuration, settings.heap_size);
    enter_working_directory(*process, launch, *configuration);
    run(thread, measured_program(page, launch), configuration);
}

}  // namespace scone::libos
