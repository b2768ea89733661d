#include "lib/base/checked.h"
#include "lib/base/endian.h"
#include "lib/elf/elf_abi.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/libos/loader/code_rules.h"
#include "runtime/trusted/libos/loader/initial_stack.h"
#include "runtime/trusted/libos/loader/program.h"
#include "runtime/trusted/libos/vfs/path_walk.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using base::round_down;
using base::round_up;
using enclave::kPageSize;

constexpr int kMaximumScripts = 4;
constexpr unsigned kMaximumSegments = 64;
constexpr uint32_t kPtLoad = 1, kPtInterp = 3, kPtPhdr = 6;

struct Segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};
static_assert(sizeof(Segment) == 56);

struct Header {
    bool fixed;  // ET_EXEC
    uint64_t entry, table_offset;
    unsigned count;
    Segment segments[kMaximumSegments];
};

Result<void> read_exactly(File& file, uint64_t offset, void* to, uint64_t size) {
    IoBuffer buffer = IoBuffer::of_runtime(to, size);
    while (buffer.size() > 0) {
        uint64_t count = SCONE_TRY(file.read_at(buffer, offset));
        if (count == 0)
            return error(kENOEXEC);
        offset += count;
        buffer.advance(count);
    }
    return {};
}

// Everything of the header that the loader uses, checked.
Result<void> read_header(File& file, Header& out) {
    uint8_t h[64];
    SCONE_TRY(read_exactly(file, 0, h, sizeof h));
    constexpr uint8_t kMagic[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    uint16_t type = base::load_le16(h + 16), machine = base::load_le16(h + 18);
    if (__builtin_memcmp(h, kMagic, sizeof kMagic) != 0 || machine != 62 ||
        (type != 2 && type != 3) || base::load_le16(h + 54) != sizeof(Segment))
        return error(kENOEXEC);
    out.fixed = type == 2;
    out.entry = base::load_le64(h + 24);
    out.table_offset = base::load_le64(h + 32);
    out.count = base::load_le16(h + 56);
    if (out.count == 0 || out.count > kMaximumSegments)
        return error(kENOEXEC);
    SCONE_TRY(read_exactly(file, out.table_offset, out.segments, out.count * sizeof(Segment)));
    uint64_t last_end = 0;
    for (unsigned i = 0; i < out.count; i++) {
        const Segment& s = out.segments[i];
        if (s.type != kPtLoad)
            continue;
        auto end = base::checked_add(s.address, s.memory_size);
        if (!end || *end > enclave::program_end() || s.file_size > s.memory_size ||
            s.address < last_end || (s.address - s.offset) % kPageSize != 0 ||
            !base::checked_add(s.offset, s.file_size))
            return error(kENOEXEC);
        last_end = *end;
    }
    if (last_end == 0)
        return error(kENOEXEC);
    return {};
}

void image_range(const Header& header, uint64_t& low, uint64_t& high) {
    low = UINT64_MAX, high = 0;
    for (unsigned i = 0; i < header.count; i++) {
        const Segment& s = header.segments[i];
        if (s.type != kPtLoad)
            continue;
        if (round_down(s.address, kPageSize) < low)
            low = round_down(s.address, kPageSize);
        if (round_up(s.address + s.memory_size, kPageSize) > high)
            high = round_up(s.address + s.memory_size, kPageSize);
    }
}

uint32_t prot_of(uint32_t flags) {
    return (flags & 4 ? kPROT_READ : 0) | (flags & 2 ? kPROT_WRITE : 0) |
           (flags & 1 ? kPROT_EXEC : 0);
}

Result<void> map_segment(AddressSpace& memory, const Ref<File>& file, const Segment& s,
                         uint64_t bias) {
    uint64_t start = round_down(bias + s.address, kPageSize);
    uint64_t file_end = bias + s.address + s.file_size, end = bias + s.address + s.memory_size;
    uint64_t file_pages_end = round_up(file_end, kPageSize), pages_end = round_up(end, kPageSize);
    uint32_t prot = prot_of(s.flags);
    bool has_file = s.file_size > 0;
    if (has_file) {
        // The tail of the last file page is cleared, for which it must be writable a moment.
        bool clears = end > file_end && file_end % kPageSize != 0 && (prot & kPROT_WRITE);
        SCONE_TRY(memory.map(start, file_pages_end - start, prot, kMAP_PRIVATE | kMAP_FIXED, file,
                             round_down(s.offset, kPageSize)));
        if (clears) {
            if (memory.handle_fault(file_end, kPROT_WRITE) != FaultVerdict::Mended)
                return error(kENOMEM);
            __builtin_memset(reinterpret_cast<void*>(file_end), 0, file_pages_end - file_end);
        }
    }
    uint64_t rest = has_file ? file_pages_end : start;
    if (pages_end > rest)
        SCONE_TRY(memory.map(rest, pages_end - rest, prot,
                             kMAP_PRIVATE | kMAP_ANONYMOUS | kMAP_FIXED, {}, 0));
    return {};
}

// Maps all segments; hands back the load bias.
Result<uint64_t> map_image(AddressSpace& memory, const Ref<File>& file, const Header& header,
                           uint64_t bias) {
    for (unsigned i = 0; i < header.count; i++)
        if (header.segments[i].type == kPtLoad)
            SCONE_TRY(map_segment(memory, file, header.segments[i], bias));
    return bias;
}

// Reserves a place for a position-independent image, so that its segments land side by side.
Result<uint64_t> place_image(AddressSpace& memory, const Header& header, uint64_t hint) {
    uint64_t low, high;
    image_range(header, low, high);
    if (header.fixed)
        return uint64_t{0};
    uint64_t at = SCONE_TRY(
        memory.map(hint, high - low, 0, kMAP_PRIVATE | kMAP_ANONYMOUS | kMAP_NORESERVE, {}, 0));
    return at - low;
}

Result<void> script_line(const Program& program, Path& interpreter, Path& argument) {
    const auto* text = reinterpret_cast<const char*>(program.header);
    size_t at = 2, size = program.header_size < 256 ? program.header_size : 256;
    auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (at < size && blank(text[at]))
        at++;
    size_t start = at;
    while (at < size && !blank(text[at]) && text[at] != '\n' && text[at] != 0)
        at++;
    interpreter.append({text + start, at - start});
    while (at < size && blank(text[at]))
        at++;
    start = at;
    while (at < size && text[at] != '\n' && text[at] != 0)
        at++;
    while (at > start && blank(text[at - 1]))
        at--;
    argument.append({text + start, at - start});
    if (interpreter.size() == 0)
        return error(kENOEXEC);
    return {};
}

Result<void> open_file(std::string_view path, Program& out) {
    Path absolute;
    SCONE_TRY(vfs::absolute_path(kAT_FDCWD, path, absolute));
    out.file = SCONE_TRY(vfs::open(absolute.view(), kO_RDONLY, 0));
    Stat now{};
    SCONE_TRY(out.file->stat(now));
    if ((now.mode & kS_IFMT) != kS_IFREG || !(now.mode & 0111))
        return error(kEACCES);
    SCONE_TRY(vfs::resolve_links(absolute.view(), out.path));
    IoBuffer buffer = IoBuffer::of_runtime(out.header, sizeof out.header);
    out.header_size = SCONE_TRY(out.file->read_at(buffer, 0));
    return {};
}

Result<void> open_interpreter(Program& out) {
    Header* header = enclave::heap_new<Header>();
    if (header == nullptr)
        return error(kENOMEM);
    Result<void> result = read_header(*out.file, *header);
    for (unsigned i = 0; result && i < header->count; i++) {
        const Segment& s = header->segments[i];
        if (s.type != kPtInterp)
            continue;
        char name[4096];
        if (s.file_size < 2 || s.file_size > sizeof name) {
            result = error(kENOEXEC);
            break;
        }
        result = read_exactly(*out.file, s.offset, name, s.file_size);
        if (!result || name[s.file_size - 1] != 0) {
            result = error(kENOEXEC);
            break;
        }
        auto opened = vfs::open(std::string_view(name), kO_RDONLY, 0);
        if (opened)
            result = code_rules::check_file(**opened);
        if (opened && result)
            out.interpreter = *opened;
        else if (!opened)
            result = std::unexpected(opened.error());
        break;
    }
    enclave::heap_delete(header);
    return result;
}

}  // namespace

Result<void> open_program(std::string_view name, std::string_view path, StringList& arguments,
                          Program& out) {
    out.name = Path(name);
    Path script(name), next(path);
    for (int depth = 0;; depth++) {
        if (depth > kMaximumScripts)
            return error(kELOOP);
        SCONE_TRY(open_file(next.view(), out));
        if (out.header_size < 2 || out.header[0] != '#' || out.header[1] != '!')
            break;
        Path interpreter, argument;
        SCONE_TRY(script_line(out, interpreter, argument));
        arguments.drop_first();
        SCONE_TRY(arguments.prepend(script.view()));
        if (argument.size() > 0)
            SCONE_TRY(arguments.prepend(argument.view()));
        SCONE_TRY(arguments.prepend(interpreter.view()));
        script = next = interpreter;
    }
    SCONE_TRY(code_rules::check_file(*out.file));
    return open_interpreter(out);
}

Result<void> load_program(Process& process, Program& program, const StringList& arguments,
                          const StringList& environment, enclave::Registers& frame) {
    Header* header = enclave::heap_new<Header>();
    if (header == nullptr)
        return error(kENOMEM);
    struct Free {
        Header* header;
        ~Free() { enclave::heap_delete(header); }
    } free_header{header};
    SCONE_TRY(read_header(*program.file, *header));
    AddressSpace& memory = *process.memory;
    constexpr uint64_t kProgramHint = 16 * enclave::kGiB;
    uint64_t slide = (enclave::hardware_random() & 0xffff) * kPageSize;
    uint64_t bias = SCONE_TRY(place_image(memory, *header, kProgramHint + slide));
    SCONE_TRY(map_image(memory, program.file, *header, bias));
    uint64_t low, high;
    image_range(*header, low, high);
    memory.place_break(bias + high + (enclave::hardware_random() & 0x1fff) * kPageSize);
    StartImage image{};
    image.entry = bias + header->entry;
    image.first_instruction = image.entry;
    image.table_count = header->count;
    for (unsigned i = 0; i < header->count; i++) {
        const Segment& s = header->segments[i];
        if (s.type == kPtPhdr)
            image.table = bias + s.address;
        else if (image.table == 0 && s.type == kPtLoad && s.offset <= header->table_offset &&
                 header->table_offset - s.offset < s.file_size)
            image.table = bias + s.address + (header->table_offset - s.offset);
    }
    if (program.interpreter) {
        SCONE_TRY(read_header(*program.interpreter, *header));
        uint64_t at = SCONE_TRY(place_image(memory, *header, 0));
        SCONE_TRY(map_image(memory, program.interpreter, *header, at));
        image.interpreter_base = at;
        image.first_instruction = at + header->entry;
    }
    return make_initial_stack(process, program, image, arguments, environment, frame);
}

}  // namespace scone::libos
