// Any bytes as the files of an exec: a program, by an ELF header or a #! line, and what it names.
// What is mapped lies in the place that was reserved for it, and pages are whole.
//
// Input: u16 LE size of the first file, its bytes; the rest is every file that is opened then.
#include <sys/mman.h>

#include <algorithm>

#include "fuzz/libos/fake_enclave.h"
#include "lib/base/bytes.h"
#include "lib/base/checked.h"
#include "lib/base/endian.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/libos/loader/code_rules.h"
#include "runtime/trusted/libos/loader/initial_stack.h"
#include "runtime/trusted/libos/loader/program.h"
#include "runtime/trusted/libos/vfs/path_walk.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace {

using namespace scone;
using namespace scone::libos;
using namespace scone::libos::linux_abi;
using enclave::kPageSize;
using fuzz::must;

struct Place {
    uint64_t start, end;
    bool holds(uint64_t from, uint64_t size) const {
        return from >= start && from <= end && size <= end - from;
    }
};

struct World {
    base::Bytes files[2];
    unsigned opened = 0;
    bool has_fixed = false;  // an ET_EXEC file chooses its place itself
    std::vector<Place> places;
    Place mapped{};  // by the last call
    std::vector<uint64_t> pages;

    ~World() {
        for (uint64_t page : pages)
            munmap(reinterpret_cast<void*>(page), kPageSize);
    }
};
World* world;

class BytesFile final : public File {
  public:
    explicit BytesFile(base::Bytes bytes) : File(0), bytes_(bytes) {}
    Result<uint64_t> read_at(IoBuffer& buffer, uint64_t offset) override {
        if (offset >= bytes_.size())
            return 0;
        uint64_t count = std::min<uint64_t>(bytes_.size() - offset, buffer.size());
        SCONE_TRY(buffer.put(0, bytes_.data() + offset, count));
        return count;
    }
    Result<void> stat(Stat& out) override {
        out.mode = kS_IFREG | 0755;
        return {};
    }

  private:
    base::Bytes bytes_;
};

}  // namespace

namespace scone::enclave {
int64_t host_close(int) {
    return 0;
}
}  // namespace scone::enclave

namespace scone::libos {

AddressSpace::AddressSpace() : mmap_top_(0) {}

Result<uint64_t> AddressSpace::map(uint64_t address, uint64_t size, uint32_t, uint32_t flags,
                                   Ref<File>, uint64_t offset, Use) {
    if (size == 0)
        return error(kEINVAL);
    must(offset % kPageSize == 0 && size % kPageSize == 0);
    if (!(flags & kMAP_FIXED)) {
        // Away from the sanitizer's own memory, the program's image and its interpreter's.
        uint64_t at = (2 + world->places.size()) << 44;
        if (!enclave::is_program_range(at, size))
            return error(kENOMEM);
        world->places.push_back({at, at + size});
        return at;
    }
    must(address % kPageSize == 0);
    bool reserved = false;
    for (const Place& place : world->places)
        reserved = reserved || place.holds(address, size);
    must(reserved || world->has_fixed);
    if (!enclave::is_program_range(address, size))
        return error(kENOMEM);
    world->mapped = {address, address + size};
    return address;
}

// The page is there afterwards, because the loader writes to it.
FaultVerdict AddressSpace::handle_fault(uint64_t address, uint32_t) {
    must(world->mapped.holds(address, 1));
    uint64_t page = base::round_down(address, kPageSize);
    if (std::find(world->pages.begin(), world->pages.end(), page) != world->pages.end())
        return FaultVerdict::Mended;
    void* made = mmap(reinterpret_cast<void*>(page), kPageSize, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (made == MAP_FAILED)
        return FaultVerdict::NoMemory;
    world->pages.push_back(page);
    return FaultVerdict::Mended;
}

void AddressSpace::place_break(uint64_t address) {
    must(address % kPageSize == 0);
}

Result<void> code_rules::check_file(File&) {
    return {};
}

Result<void> make_initial_stack(Process&, Program&, const StartImage& image, const StringList&,
                                const StringList&, enclave::Registers&) {
    must(image.table_count > 0 && image.table_count <= 64);
    return {};
}

Result<void> vfs::absolute_path(int, std::string_view path, Path& out) {
    out = Path(path);
    return {};
}
Result<Ref<File>> vfs::open(std::string_view, uint32_t, uint32_t) {
    base::Bytes bytes = world->files[world->opened++ == 0 ? 0 : 1];
    world->has_fixed = world->has_fixed || (bytes.size() > 17 && base::load_le16(&bytes[16]) == 2);
    return Ref<File>(make_ref<BytesFile>(bytes));
}
Result<void> vfs::resolve_links(std::string_view path, Path& out) {
    out = Path(path);
    return {};
}

}  // namespace scone::libos

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2)
        return 0;
    base::Bytes bytes(data + 2, size - 2);
    size_t first = std::min<size_t>(base::load_le16(data), bytes.size());
    World now;
    now.files[0] = bytes.first(first);
    now.files[1] = bytes.subspan(first);
    world = &now;
    StringList arguments, environment;
    must(arguments.add("program").has_value() && arguments.add("argument").has_value());
    Program program;
    if (!open_program("program", "/bin/program", arguments, program))
        return 0;
    size_t seen = 0;
    std::string_view last;
    arguments.for_each([&](std::string_view text) { ++seen, last = text; });
    must(seen == arguments.count() && last == "argument");
    Process process;
    process.memory = make_ref<AddressSpace>();
    enclave::Registers frame{};
    (void)load_program(process, program, arguments, environment, frame);
    return 0;
}
