#include "runtime/trusted/libos/fs/proc_fs.h"

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/fs/dev_fs.h"
#include "runtime/trusted/libos/time/clock.h"
#include "runtime/trusted/libos/vfs/directory_record.h"
#include "runtime/trusted/libos/vfs/path_walk.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr std::string_view kSelf = "/proc/self", kTask = "/proc/self/task";

std::string_view after(std::string_view text, size_t count) {
    return {text.data() + count, text.size() - count};
}

bool parse_number(std::string_view text, uint64_t& out) {
    if (text.empty() || text.size() > 9)
        return false;
    out = 0;
    for (char c : text) {
        if (c < '0' || c > '9')
            return false;
        out = out * 10 + static_cast<uint64_t>(c - '0');
    }
    return true;
}

// What a path names, before it is known whether that exists.
struct Name {
    Path path;  // as in the rows
    uint64_t number = 0;
    int32_t task = 0;  // 0: the thread that asks
    bool exists = true;
};

bool has_thread(Process& process, uint64_t tid) {
    enclave::Guard guard(process.mutex);
    for (Thread* thread : process.threads)
        if (static_cast<uint64_t>(thread->tid) == tid)
            return true;
    return false;
}

// One that nobody has waited for; of those that vanish at their end the host tells.
bool has_child(Process& process, uint64_t pid) {
    {
        enclave::Guard guard(process.mutex);
        bool known = false;
        for (const Child& child : process.children)
            known = known || (static_cast<uint64_t>(child.pid) == pid && !child.local);
        if (!known)
            return false;
    }
    return enclave::host_call(__NR_kill, enclave::Interruptible::No, pid, 0) != -kESRCH;
}

// "/proc/PID" of the own process becomes "/proc/self", ".../task/TID" its thread, a number '#'.
Name name_of(std::string_view path) {
    Process& process = current_process();
    Name name;
    vfs::Components walk{path};
    constexpr std::string_view kProcessor = "cpu";
    for (std::string_view part = walk.next(); !part.empty(); part = walk.next()) {
        std::string_view above = name.path.view();
        uint64_t number = 0;
        bool is_number = parse_number(part, number);
        if (above == "/proc" && is_number && number == static_cast<uint64_t>(process.pid)) {
            part = "self";
        } else if (above == "/proc" && is_number) {
            name.exists = name.exists && has_child(process, number);
            name.number = number;
            part = "#";
        } else if (part == "#") {
            name.exists = false;
        } else if (above == kTask && is_number) {
            name.exists = name.exists && has_thread(process, number);
            name.task = static_cast<int32_t>(number);
            name.path = Path(kSelf);
            continue;
        } else if (is_number && (above == "/proc/self/fd" || above == "/proc/self/fdinfo")) {
            name.exists = name.exists && process.files->get(static_cast<int>(number)).has_value();
            name.number = number;
            part = "#";
        } else if (above == "/sys/devices/system/cpu" && part.size() > kProcessor.size() &&
                   vfs::lies_in({part.data(), kProcessor.size()}, kProcessor) &&
                   parse_number(after(part, kProcessor.size()), number)) {
            name.exists = name.exists && number < processor_count();
            name.number = number;
            part = "cpu#";
        }
        name.path.append('/').append(part);
    }
    return name;
}

ProcSubject subject_of(const Name& name) {
    Process& process = current_process();
    ProcSubject subject{process, current_thread().tid, {}, 0, 0, name.number};
    if (name.task != 0)
        subject.tid = name.task;
    else if (vfs::lies_in(name.path.view(), kSelf))
        subject.tid = process.pid;
    enclave::Guard guard(process.mutex);
    for (Thread* thread : process.threads) {
        if (thread->tid != subject.tid)
            continue;
        subject.thread_name = thread->name;
        subject.mask = thread->mask;
        subject.pending = thread->pending.set;
    }
    return subject;
}

// Calls visit(row) until it hands back true.
template <class F>
const ProcRow* find_row(F&& visit) {
    for (auto rows : {process_rows(), machine_rows(), setting_rows(), network_rows(), child_rows()})
        for (const ProcRow& row : rows)
            if (visit(row))
                return &row;
    return nullptr;
}
const ProcRow* row_of(const Name& name) {
    if (!name.exists)
        return nullptr;
    return find_row([&](const ProcRow& row) { return row.path == name.path.view(); });
}
// A directory is whatever stands above a row; the threads' has no rows.
bool is_directory(const Name& name) {
    if (!name.exists)
        return false;
    std::string_view path = name.path.view();
    return path == kTask ||
           find_row([&](const ProcRow& row) {
               return row.path.size() > path.size() && vfs::lies_in(row.path, path);
           }) != nullptr;
}

// The link at the path or above it; `rest` is what follows.
const ProcRow* link_on(std::string_view path, Name& name, std::string_view& rest) {
    for (size_t end = 1; end <= path.size(); end++) {
        if (end < path.size() && path[end] != '/')
            continue;
        name = name_of({path.data(), end});
        rest = after(path, end);
        const ProcRow* row = row_of(name);
        if (row != nullptr && row->target != nullptr)
            return row;
    }
    return nullptr;
}

// ENOTDIR below a file, else ENOENT.
int absence_of(std::string_view path) {
    for (size_t end = 1; end < path.size(); end++)
        if (path[end] == '/')
            if (row_of(name_of({path.data(), end})) != nullptr)
                return kENOTDIR;
    return kENOENT;
}

uint64_t inode_of(std::string_view path) {
    uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (char c : path)
        hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    return hash >> 16 | 1;
}

void fill_stat(Stat& out, const Name& name, uint32_t mode) {
    constexpr uint64_t kProcDevice = 4, kSysDevice = 6;
    out = {};
    bool own = vfs::lies_in(name.path.view(), kSelf);
    out.dev = vfs::lies_in(name.path.view(), "/sys") ? kSysDevice : kProcDevice;
    Path numbered = name.path;
    numbered.append_number(name.number).append_number(static_cast<uint64_t>(name.task));
    out.ino = inode_of(numbered.view());
    out.mode = mode;
    out.nlink = (mode & kS_IFMT) == kS_IFDIR ? 2 : 1;
    out.blksize = 1024;
    if (own) {
        out.uid = current_process().credentials.effective_user;
        out.gid = current_process().credentials.effective_group;
    }
    uint64_t now = realtime_ns();
    out.mtime = {static_cast<int64_t>(now / 1'000'000'000),
                 static_cast<int64_t>(now % 1'000'000'000)};
    out.atime = out.ctime = out.mtime;
}

// The content is made when the file is opened, and again when it is read from its beginning.
class ProcFile : public File {
  public:
    ProcFile(const ProcRow& row, const Name& name, std::string_view path, uint32_t flags)
        : File(flags & ~(kO_CREAT | kO_TRUNC | kO_CLOEXEC)), row_(row), name_(name), path_(path) {}
    // The position moves under a lock that may be held while the host is asked.
    Result<uint64_t> read(IoBuffer& buffer) override {
        enclave::Guard guard(reading_);
        uint64_t at = SCONE_TRY(seek(0, kSEEK_CUR));
        uint64_t count = SCONE_TRY(read_at(buffer, at));
        SCONE_TRY(seek(static_cast<int64_t>(at + count), kSEEK_SET));
        return count;
    }
    Result<uint64_t> read_at(IoBuffer& buffer, uint64_t offset) override {
        if (offset == 0 || !made_) {
            TextBuilder text;
            row_.write(text, subject_of(name_));
            enclave::Guard guard(content_lock_);
            content_ = text.take();
            made_ = true;
        }
        enclave::Guard guard(content_lock_);
        if (offset >= content_.size())
            return 0;
        uint64_t count = content_.size() - offset;
        if (count > buffer.size())
            count = buffer.size();
        SCONE_TRY(buffer.put(0, content_.data() + offset, count));
        return count;
    }
    Result<uint64_t> write_at(IoBuffer& buffer, uint64_t) override {
        char value[64];
        uint64_t count = buffer.size() < sizeof value ? buffer.size() : sizeof value;
        SCONE_TRY(buffer.get(0, value, count));
        SCONE_TRY(row_.store(subject_of(name_), {value, count}));
        return buffer.size();
    }
    Result<uint64_t> seek(int64_t offset, int whence) override {
        return seek_within(offset, whence, content_.size());
    }
    Result<void> stat(Stat& out) override {
        fill_stat(out, name_, kS_IFREG | row_.mode);
        return {};
    }
    Result<Ref<File>> reopen(uint32_t flags) override;
    void describe(Path& out) const override { out.append(path_.view()); }

  private:
    const ProcRow& row_;
    Name name_;
    Path path_;
    enclave::SleepLock reading_;
    enclave::SpinLock content_lock_;
    Vector<char> content_;
    bool made_ = false;
};

Result<Ref<File>> open_row(const ProcRow& row, const Name& name, std::string_view path,
                           uint32_t flags) {
    if ((flags & kO_ACCMODE) != kO_RDONLY && row.store == nullptr)
        return error(kEACCES);
    auto file = make_ref<ProcFile>(row, name, path, flags);
    if (!file)
        return error(kENOMEM);
    return Ref<File>(file);
}

Result<Ref<File>> ProcFile::reopen(uint32_t flags) {
    return open_row(row_, name_, path_.view(), flags);
}

Result<void> add_number(ListDirectory& list, std::string_view before, uint64_t number,
                        uint8_t type) {
    FixedText<32> text(before);
    text.append_number(number);
    return list.add(text.view(), type);
}

// The names in a directory, from the rows below it.
Result<void> fill(ListDirectory& list, const Name& name) {
    Process& process = current_process();
    std::string_view path = name.path.view();
    if (path == kTask) {
        enclave::Guard guard(process.mutex);
        for (Thread* thread : process.threads)
            SCONE_TRY(add_number(list, "", static_cast<uint64_t>(thread->tid), kDT_DIR));
        return {};
    }
    Result<void> result{};
    find_row([&](const ProcRow& row) {
        if (row.path.size() <= path.size() || !vfs::lies_in(row.path, path))
            return false;
        vfs::Components walk{after(row.path, path.size())};
        std::string_view part = walk.next();
        bool folder = !walk.at_end();
        uint8_t type = folder ? kDT_DIR : row.target != nullptr ? kDT_LNK : kDT_REG;
        if (part == "#" && path == "/proc") {
            return false;  // the children come below
        } else if (part == "#") {
            process.files->for_each([&](int fd, const Ref<File>&) {
                if (result)
                    result = add_number(list, "", static_cast<uint64_t>(fd), type);
            });
        } else if (part == "cpu#") {
            for (unsigned i = 0; i < processor_count() && !list.has("cpu0") && result; i++)
                for (unsigned j = 0; j < processor_count() && result; j++)
                    result = add_number(list, "cpu", j, type);
        } else if (part == "self" && path == "/proc") {
            if (!list.has("self"))
                result = list.add(part, kDT_LNK);
        } else if (!list.has(part)) {
            result = list.add(part, type);
        }
        return !result;
    });
    SCONE_TRY(std::move(result));
    if (path == "/proc") {
        enclave::Guard guard(process.mutex);
        for (const Child& child : process.children)
            SCONE_TRY(add_number(list, "", static_cast<uint64_t>(child.pid), kDT_DIR));
        return add_number(list, "", static_cast<uint64_t>(process.pid), kDT_DIR);
    }
    if (path == kSelf && name.task == 0)
        return list.add("task", kDT_DIR);
    return {};
}

class ProcDirectory : public ListDirectory {
  public:
    ProcDirectory(const Name& name, std::string_view path) : ListDirectory(path), name_(name) {}
    // What is there is looked at when the listing begins.
    Result<uint64_t> read_directory(IoBuffer& buffer) override {
        if (is_at_start()) {
            auto fresh = make_ref<ListDirectory>("");
            if (!fresh)
                return error(kENOMEM);
            SCONE_TRY(fill(*fresh, name_));
            take_entries(*fresh);
        }
        return ListDirectory::read_directory(buffer);
    }
    Result<void> stat(Stat& out) override {
        fill_stat(out, name_, kS_IFDIR | 0555);
        return {};
    }

  private:
    Name name_;
};

bool is_followed(const ProcRow* link, std::string_view rest, Follow follow) {
    return link != nullptr && (!rest.empty() || follow == Follow::Yes);
}

}  // namespace

Result<Ref<File>> ProcFs::descriptor(std::string_view path) {
    Name name = name_of(path);
    if (name.path.view() != "/proc/self/fd/#" || !name.exists)
        return error(kENOENT);
    return current_process().files->get(static_cast<int>(name.number));
}

Result<Ref<File>> ProcFs::open(std::string_view path, uint32_t flags, uint32_t) {
    Name name;
    std::string_view rest;
    const ProcRow* link = link_on(path, name, rest);
    bool exclusive = (flags & (kO_CREAT | kO_EXCL)) == (kO_CREAT | kO_EXCL);
    if (link != nullptr && !rest.empty())
        return error(kEXDEV);
    if (exclusive && (link != nullptr || is_directory(name) || row_of(name) != nullptr))
        return error(kEEXIST);
    if (link != nullptr) {
        if (flags & kO_NOFOLLOW)
            return error(kELOOP);
        auto file = descriptor(path);
        return file ? (*file)->reopen(flags) : error(kEXDEV);
    }
    name = name_of(path);
    if (is_directory(name)) {
        if ((flags & kO_ACCMODE) != kO_RDONLY || (flags & kO_CREAT))
            return error(kEISDIR);
        auto directory = make_ref<ProcDirectory>(name, path);
        if (!directory)
            return error(kENOMEM);
        return Ref<File>(directory);
    }
    const ProcRow* row = row_of(name);
    if (row == nullptr) {
        report_refusal(path);
        return error(absence_of(path));
    }
    if ((flags & kO_DIRECTORY) || path.back() == '/')
        return error(kENOTDIR);
    return open_row(*row, name, path, flags);
}

Result<void> ProcFs::stat(std::string_view path, Follow follow, Stat& out) {
    Name name;
    std::string_view rest;
    const ProcRow* link = link_on(path, name, rest);
    if (is_followed(link, rest, follow)) {
        auto file = descriptor(path);
        return file ? (*file)->stat(out) : error(kEXDEV);
    }
    if (link != nullptr || (path == kSelf && follow == Follow::No)) {
        fill_stat(out, name, kS_IFLNK | 0777);
        return {};
    }
    name = name_of(path);
    const ProcRow* row = row_of(name);
    if (row == nullptr && !is_directory(name))
        return error(absence_of(path));
    if (row != nullptr && path.back() == '/')
        return error(kENOTDIR);
    fill_stat(out, name, row != nullptr ? kS_IFREG | row->mode : kS_IFDIR | 0555);
    return {};
}

Result<void> ProcFs::read_link(std::string_view path, Path& out) {
    out.clear();
    if (path == kSelf) {
        out.append_number(static_cast<uint64_t>(current_process().pid));
        return {};
    }
    Name name;
    std::string_view rest;
    const ProcRow* link = link_on(path, name, rest);
    if (link != nullptr)
        return rest.empty() ? link->target(subject_of(name), out) : error(kEXDEV);
    Stat now{};
    SCONE_TRY(stat(path, Follow::No, now));
    return error(kEINVAL);
}

Result<void> ProcFs::leaves_to(std::string_view path, Follow, Path& out) {
    Name name;
    std::string_view rest;
    const ProcRow* link = link_on(path, name, rest);
    if (link == nullptr)
        return error(kENOENT);
    Path target;
    SCONE_TRY(link->target(subject_of(name), target));
    out.clear();
    if (target.size() == 0 || target.view()[0] != '/') {
        // Links that are no paths, as "pipe:[5]", lead nowhere by name.
        if (name.path.view() == "/proc/self/fd/#")
            return error(kENOENT);
        out.append("/proc");
    }
    SCONE_TRY(vfs::append_text(out, target.view()));
    if (out.size() == 0 && rest.empty())
        out.append('/');
    out.append(rest);
    return {};
}

Result<void> ProcFs::access(std::string_view path, uint32_t mode, Follow follow) {
    constexpr uint32_t kWrite = 2;
    Stat now{};
    SCONE_TRY(stat(path, follow, now));
    if ((mode & kWrite) && !(now.mode & 0222))
        return error(kEACCES);
    return {};
}

Result<void> ProcFs::statfs(std::string_view path, uint8_t (&out)[120]) {
    constexpr uint64_t kProcMagic = 0x9fa0, kSysMagic = 0x62656572;
    SCONE_TRY(FileSystem::statfs(path, out));
    uint64_t magic = vfs::lies_in(path, "/sys") ? kSysMagic : kProcMagic;
    __builtin_memcpy(out, &magic, sizeof magic);
    return {};
}

Result<void> ProcFs::make_directory(std::string_view path, uint32_t) {
    Stat now{};
    return error(stat(path, Follow::No, now) ? kEEXIST : kENOENT);
}

Result<void> ProcFs::refuse(std::string_view path, Follow follow) {
    Name name;
    std::string_view rest;
    if (is_followed(link_on(path, name, rest), rest, follow))
        return error(kEXDEV);
    Stat now{};
    SCONE_TRY(stat(path, follow, now));
    return error(kEPERM);
}

Result<uint64_t> ProcFs::extended_attribute(std::string_view path, Follow follow,
                                            ExtendedAttribute&) {
    auto refused = refuse(path, follow);
    return error(refused.error().value == kEPERM ? kEOPNOTSUPP : refused.error().value);
}

}  // namespace scone::libos
