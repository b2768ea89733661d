#include "lib/sgx/settings_page.h"

#include "lib/base/checked.h"
#include "lib/base/endian.h"
#include "lib/sgx/zeros.h"

namespace scone::sgx {
namespace {

constexpr std::string_view kMagic = "SCONESET";

// Offsets in the header.
constexpr size_t kAtVersion = 8, kAtElrangeSize = 16, kAtHeapSize = 24, kAtStackSize = 32;
constexpr size_t kAtTcsCount = 40, kAtFlags = 44, kAtDlopen = 48, kAtMprotect = 49, kAtFork = 50;
constexpr size_t kAtExtensions = 64, kAtBinaryFs = 96, kAtPlans = 128;
constexpr size_t kAtFileCount = 160, kAtFilesSize = 164;
// Ranges that must be zero: between the fields above.
constexpr size_t kReserved[][2] = {{12, 16}, {51, 64}, {168, kSettingsHeaderSize}};

// A measured file: u8 role, u8 zero, u16 size of path, u8[32] digest, path, zeros to 4 bytes.
constexpr size_t kFileHeaderSize = 36;

std::unexpected<Error> malformed(const char* text, uint64_t offset) {
    return base::fail(Error{ErrorCode::Malformed, text, offset});
}
std::unexpected<Error> bad_setting(const char* text, uint64_t value) {
    return base::fail(Error{ErrorCode::BadSettings, text, value});
}

aead::Digest digest_at(base::Bytes bytes, size_t at) {
    aead::Digest digest;
    base::copy_bytes(digest, bytes.subspan(at, digest.size()));
    return digest;
}

Result<void> check_values(const Settings& settings) {
    uint64_t size = settings.elrange_size;
    if (size < kMinElrangeSize || size > kMaxElrangeSize || (size & (size - 1)) != 0)
        return bad_setting("the enclave's size is no power of two in 8 GiB to 4 TiB", size);
    uint64_t usable = image_base(size) - kFirstMappedAddress;
    if (settings.heap_size < kMinHeapSize || settings.heap_size > usable ||
        settings.heap_size % kPageSize != 0)
        return bad_setting("the heap is not in whole pages between 64 KiB and the enclave's size",
                           settings.heap_size);
    if (settings.stack_size < kMinStackSize || settings.stack_size > kMaxStackSize ||
        settings.stack_size % kPageSize != 0)
        return bad_setting("the stack is not in whole pages between 64 KiB and 1 GiB",
                           settings.stack_size);
    if (settings.tcs_count == 0 || settings.tcs_count > kMaxTcsCount)
        return bad_setting("the number of TCS is not in 1 to 1900", settings.tcs_count);
    if ((settings.flags & ~kSettingsKnownFlags) != 0)
        return bad_setting("unknown flags", settings.flags);
    if (settings.dlopen > Dlopen::Anything)
        return bad_setting("dlopen is not 0, 1 or 2", static_cast<uint64_t>(settings.dlopen));
    if (settings.mprotect > Mprotect::Allowed)
        return bad_setting("mprotect is not 0 or 1", static_cast<uint64_t>(settings.mprotect));
    if (settings.fork > Fork::Allowed)
        return bad_setting("fork is not 0 or 1", static_cast<uint64_t>(settings.fork));
    return {};
}

// Absolute, no NUL, no empty, "." or ".." part, no slash at the end.
bool is_normal_path(std::string_view path) {
    if (path.size() < 2 || path.size() > kMaxMeasuredPathSize || path[0] != '/')
        return false;
    size_t part_begin = 1;
    for (size_t i = 1; i <= path.size(); ++i) {
        if (i < path.size() && path[i] != '/') {
            if (path[i] == '\0')
                return false;
            continue;
        }
        size_t size = i - part_begin;
        if (size == 0 || (size == 1 && path[part_begin] == '.') ||
            (size == 2 && path[part_begin] == '.' && path[part_begin + 1] == '.'))
            return false;
        part_begin = i + 1;
    }
    return true;
}

size_t file_size(size_t path_size) {
    return base::round_up(kFileHeaderSize + path_size, 4);
}

Result<void> check_role(FileRole role, uint32_t index, bool& interpreter_seen) {
    if (role == FileRole::Library)
        return {};
    if (role == FileRole::Program) {
        if (index != 0)
            return malformed("the program is not the first measured file", index);
        return {};
    }
    if (role != FileRole::Interpreter)
        return malformed("a measured file has an unknown role", index);
    if (interpreter_seen)
        return malformed("a second interpreter is measured", index);
    interpreter_seen = true;
    return {};
}

// Checks the form of one entry and hands back its size.
Result<size_t> check_file(base::Bytes rest, uint32_t index, bool& interpreter_seen) {
    if (rest.size() < kFileHeaderSize)
        return malformed("the measured files end inside an entry", index);
    SCONE_TRY(check_role(static_cast<FileRole>(rest[0]), index, interpreter_seen));
    size_t path_size = base::load_le16(rest.data() + 2);
    size_t size = file_size(path_size);
    if (rest[1] != 0 || size > rest.size())
        return malformed("a measured file's entry is broken", index);
    if (!is_normal_path(base::as_text(rest.subspan(kFileHeaderSize, path_size))))
        return malformed("a measured file's path is not absolute and normal", index);
    if (!all_zero(rest.subspan(kFileHeaderSize + path_size, size - kFileHeaderSize - path_size)))
        return malformed("a measured file's padding is not zero", index);
    return size;
}

bool names_path(base::Bytes files, uint32_t count, std::string_view path) {
    for (uint32_t i = 0; i < count; ++i) {
        size_t path_size = base::load_le16(files.data() + 2);
        if (path_size == path.size() &&
            base::as_text(files.subspan(kFileHeaderSize, path_size)) == path)
            return true;
        files = files.subspan(file_size(path_size));
    }
    return false;
}

Result<void> check_files(base::Bytes files, uint32_t count) {
    bool interpreter_seen = false;
    base::Bytes rest = files;
    for (uint32_t i = 0; i < count; ++i) {
        size_t size = SCONE_TRY(check_file(rest, i, interpreter_seen));
        size_t path_size = base::load_le16(rest.data() + 2);
        if (names_path(files, i, base::as_text(rest.subspan(kFileHeaderSize, path_size))))
            return malformed("a path is measured twice", i);
        rest = rest.subspan(size);
    }
    if (!rest.empty())
        return malformed("bytes follow the last measured file", rest.size());
    return {};
}

Settings read_header(base::Bytes header) {
    const uint8_t* at = header.data();
    Settings settings;
    settings.elrange_size = base::load_le64(at + kAtElrangeSize);
    settings.heap_size = base::load_le64(at + kAtHeapSize);
    settings.stack_size = base::load_le64(at + kAtStackSize);
    settings.tcs_count = base::load_le32(at + kAtTcsCount);
    settings.flags = base::load_le32(at + kAtFlags);
    settings.dlopen = static_cast<Dlopen>(at[kAtDlopen]);
    settings.mprotect = static_cast<Mprotect>(at[kAtMprotect]);
    settings.fork = static_cast<Fork>(at[kAtFork]);
    settings.extensions_digest = digest_at(header, kAtExtensions);
    settings.binary_fs_root = digest_at(header, kAtBinaryFs);
    settings.plan_digest = digest_at(header, kAtPlans);
    return settings;
}

void write_header(const Settings& settings, uint32_t file_count, uint32_t files_size,
                  base::MutableBytes header) {
    uint8_t* at = header.data();
    base::copy_bytes(header, base::as_bytes(kMagic));
    base::store_le32(at + kAtVersion, kSettingsVersion);
    base::store_le64(at + kAtElrangeSize, settings.elrange_size);
    base::store_le64(at + kAtHeapSize, settings.heap_size);
    base::store_le64(at + kAtStackSize, settings.stack_size);
    base::store_le32(at + kAtTcsCount, settings.tcs_count);
    base::store_le32(at + kAtFlags, settings.flags);
    at[kAtDlopen] = static_cast<uint8_t>(settings.dlopen);
    at[kAtMprotect] = static_cast<uint8_t>(settings.mprotect);
    at[kAtFork] = static_cast<uint8_t>(settings.fork);
    base::copy_bytes(header.subspan(kAtExtensions), settings.extensions_digest);
    base::copy_bytes(header.subspan(kAtBinaryFs), settings.binary_fs_root);
    base::copy_bytes(header.subspan(kAtPlans), settings.plan_digest);
    base::store_le32(at + kAtFileCount, file_count);
    base::store_le32(at + kAtFilesSize, files_size);
}

void write_file(const MeasuredFile& file, base::MutableBytes entry) {
    entry[0] = static_cast<uint8_t>(file.role);
    base::store_le16(entry.data() + 2, static_cast<uint16_t>(file.path.size()));
    base::copy_bytes(entry.subspan(4), file.digest);
    base::copy_bytes(entry.subspan(kFileHeaderSize), base::as_bytes(file.path));
}

Result<size_t> files_size(std::span<const MeasuredFile> files) {
    if (files.size() > kMaxMeasuredFiles)
        return base::fail(
            Error{ErrorCode::TooLarge, "more than 1024 measured files", files.size()});
    size_t size = 0;
    for (size_t i = 0; i < files.size(); ++i) {
        if (files[i].path.size() > kMaxMeasuredPathSize)
            return malformed("a measured file's path is not absolute and normal", i);
        size += file_size(files[i].path.size());
    }
    if (kSettingsHeaderSize + size > kMaxSettingsSize)
        return base::fail(
            Error{ErrorCode::TooLarge, "the measured files do not fit in 16 settings pages", size});
    return size;
}

}  // namespace

MeasuredFile SettingsPage::take_file(base::Bytes& rest) {
    size_t path_size = base::load_le16(rest.data() + 2);
    MeasuredFile file{.role = static_cast<FileRole>(rest[0]),
                      .path = base::as_text(rest.subspan(kFileHeaderSize, path_size)),
                      .digest = digest_at(rest, 4)};
    rest = rest.subspan(file_size(path_size));
    return file;
}

uint32_t settings_pages_of(base::Bytes first_page) {
    uint64_t size = kSettingsHeaderSize + base::load_le32(first_page.data() + kAtFilesSize);
    uint64_t pages = (size + kPageSize - 1) / kPageSize;
    return pages > kMaxSettingsPages ? kMaxSettingsPages : static_cast<uint32_t>(pages);
}

Result<SettingsPage> decode_settings(base::Bytes pages) {
    if (pages.size() < kPageSize || pages.size() % kPageSize != 0)
        return base::fail(
            Error{ErrorCode::Truncated, "settings are not whole pages", pages.size()});
    if (pages.size() > kMaxSettingsSize)
        return base::fail(Error{ErrorCode::TooLarge, "more than 16 settings pages", pages.size()});
    if (base::as_text(pages.first(kMagic.size())) != kMagic)
        return malformed("no settings page", 0);
    uint32_t version = base::load_le32(pages.data() + kAtVersion);
    if (version != kSettingsVersion)
        return base::fail(Error{ErrorCode::UnknownVersion, "settings of another version", version});
    for (const auto& range : kReserved)
        if (!all_zero(pages.subspan(range[0], range[1] - range[0])))
            return malformed("a reserved byte of the settings is not zero", range[0]);

    SettingsPage page;
    page.settings_ = read_header(pages);
    SCONE_TRY(check_values(page.settings_));
    page.file_count_ = base::load_le32(pages.data() + kAtFileCount);
    if (page.file_count_ > kMaxMeasuredFiles)
        return base::fail(
            Error{ErrorCode::TooLarge, "more than 1024 measured files", page.file_count_});
    size_t files_size = base::load_le32(pages.data() + kAtFilesSize);
    if (!base::range_fits(kSettingsHeaderSize, files_size, pages.size()))
        return malformed("the measured files leave the settings pages", files_size);
    page.files_ = pages.subspan(kSettingsHeaderSize, files_size);
    SCONE_TRY(check_files(page.files_, page.file_count_));

    base::Bytes rest = pages.subspan(kSettingsHeaderSize + files_size);
    if (rest.size() >= kPageSize)
        return malformed("more settings pages than needed", pages.size());
    if (!all_zero(rest))
        return malformed("bytes follow the settings", kSettingsHeaderSize + files_size);
    return page;
}

Result<uint32_t> settings_page_count(std::span<const MeasuredFile> files) {
    size_t size = kSettingsHeaderSize + SCONE_TRY(files_size(files));
    return static_cast<uint32_t>(base::round_up(size, kPageSize) / kPageSize);
}

Result<size_t> encode_settings(const Settings& settings, std::span<const MeasuredFile> files,
                               base::MutableBytes out) {
    SCONE_TRY(check_values(settings));
    size_t entries_size = SCONE_TRY(files_size(files));
    size_t size = base::round_up(kSettingsHeaderSize + entries_size, kPageSize);
    if (out.size() < size)
        return base::fail(Error{ErrorCode::TooLarge, "the settings do not fit", size});
    base::fill_bytes(out.first(size), 0);
    write_header(settings, static_cast<uint32_t>(files.size()), static_cast<uint32_t>(entries_size),
                 out.first(kSettingsHeaderSize));
    base::MutableBytes rest = out.subspan(kSettingsHeaderSize, entries_size);
    for (const MeasuredFile& file : files) {
        size_t entry_size = file_size(file.path.size());
        write_file(file, rest.first(entry_size));
        rest = rest.subspan(entry_size);
    }
    SCONE_TRY(check_files(out.subspan(kSettingsHeaderSize, entries_size),
                          static_cast<uint32_t>(files.size())));
    return size;
}

}  // namespace scone::sgx
