#include "runtime/trusted/libos/loader/measured_files.h"

#include <atomic>

#include "lib/aead/page_digests.h"
#include "lib/base/checked.h"
#include "lib/base/hex.h"
#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vector_section.h"

namespace scone::libos::measured_files {
namespace {

using namespace linux_abi;
using sgx::kPageSize;

static_assert(kPageSize == aead::kDigestedPageSize);
constexpr uint64_t kStepPages = 16;
constexpr uint64_t kStep = kStepPages * kPageSize;

struct Entry {
    std::string_view path;
    aead::Digest digest{};
    uint64_t size = 0;
    base::Bytes pages;                  // their digests
    std::atomic<bool> has_size{false};  // the file was seen to have the measured one

    base::Bytes digest_of(uint64_t page) const {
        return pages.subspan(page * aead::kSha256Size, aead::kSha256Size);
    }
};

Vector<Entry*> entries;  // does not change after initialise()

Entry* find(std::string_view path) {
    for (Entry* entry : entries)
        if (entry->path == path)
            return entry;
    return nullptr;
}

// Memory of the runtime for one read.
class Scratch {
  public:
    explicit Scratch(uint64_t size)
        : bytes_(size == 0 ? nullptr : static_cast<uint8_t*>(enclave::heap_allocate(size))) {}
    ~Scratch() { enclave::heap_free(bytes_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    explicit operator bool() const { return bytes_ != nullptr; }
    uint8_t* bytes() { return bytes_; }

  private:
    uint8_t* bytes_;
};

struct HexDigest {
    explicit HexDigest(base::Bytes digest) { base::hex_encode(digest, digits); }
    std::string_view view() const { return {digits, sizeof digits}; }
    char digits[2 * aead::kSha256Size];
};

[[noreturn]] void refuse(const Entry& entry, std::string_view what) {
    FixedText<kPathMax + 400> text;
    text.append("The file ").append(entry.path);
    text.append(" is not the measured one: it was changed after it was measured\n  ").append(what);
    fatal(text.view());
}

[[noreturn]] void refuse_digest(const Entry& entry, std::string_view where, base::Bytes wanted,
                                base::Bytes got) {
    FixedText<300> text;
    text.append("SHA-256").append(where).append(" expected ").append(HexDigest(wanted).view());
    text.append(", got ").append(HexDigest(got).view());
    refuse(entry, text.view());
}

[[noreturn]] void refuse_size(const Entry& entry, uint64_t got) {
    FixedText<100> text;
    text.append("its size was ").append_number(entry.size);
    text.append(" bytes, it has ").append_number(got);
    refuse(entry, text.view());
}

// Exactly this many bytes of the file.
Result<void> read_exactly(const Entry& entry, File& file, uint64_t offset, uint8_t* to,
                          uint64_t size) {
    IoBuffer rest = IoBuffer::of_runtime(to, size);
    while (rest.size() > 0) {
        const uint64_t count = SCONE_TRY(file.read_at(rest, offset));
        if (count == 0)
            refuse_size(entry, offset);
        offset += count;
        rest.advance(count);
    }
    return {};
}

// HOST: a file of another size is another file.
Result<void> check_size(Entry& entry, File& file) {
    if (entry.has_size.load(std::memory_order_relaxed))
        return {};
    Stat now{};
    SCONE_TRY(file.stat(now));
    if (static_cast<uint64_t>(now.size) != entry.size)
        refuse_size(entry, static_cast<uint64_t>(now.size));
    entry.has_size.store(true, std::memory_order_relaxed);
    return {};
}

// Preconditions: `offset` is that of a page, and `content` ends where a page does or
// where the file does; at most kStep bytes.
void check_pages(const Entry& entry, uint64_t offset, base::Bytes content) {
    aead::Digest found[kStepPages];
    const std::span<aead::Digest> got(found, aead::page_digest_count(content.size()));
    aead::page_digests(content, runtime_sha256(), runtime_sha256_two(), got);
    for (size_t i = 0; i < got.size(); ++i) {
        const base::Bytes wanted = entry.digest_of(offset / kPageSize + i);
        if (__builtin_memcmp(got[i].data(), wanted.data(), wanted.size()) == 0)
            continue;
        FixedText<64> where;
        where.append(" of the 4 KiB at ").append_number(offset + i * kPageSize);
        refuse_digest(entry, where.view(), wanted, got[i]);
    }
}

// A file at a measured path; nothing but the measured bytes comes out of it.
class HeldFile : public File {
  public:
    HeldFile(Entry& entry, Ref<File> file)
        : File(file->status_flags()), entry_(entry), file_(std::move(file)) {}

    Result<uint64_t> read_at(IoBuffer& buffer, uint64_t offset) override;
    Result<uint64_t> seek(int64_t offset, int whence) override {
        SCONE_TRY(check_size(entry_, *file_));
        return seek_within(offset, whence, entry_.size);
    }
    Result<uint64_t> write_at(IoBuffer&, uint64_t) override { return error(kEBADF); }
    Result<void> stat(Stat& out) override { return file_->stat(out); }
    Result<uint64_t> ioctl(uint64_t request, uint64_t argument) override {
        return file_->ioctl(request, argument);
    }
    Result<void> sync(bool data_only) override { return file_->sync(data_only); }
    Result<void> change_mode(uint32_t mode) override { return file_->change_mode(mode); }
    Result<void> change_owner(uint32_t user, uint32_t group) override {
        return file_->change_owner(user, group);
    }
    Result<void> set_times(const Timespec times[2]) override { return file_->set_times(times); }
    Result<void> flock(int operation) override { return file_->flock(operation); }
    bool can_map() const override { return true; }
    Origin origin() const override { return Origin::Measured; }
    void describe(Path& out) const override { file_->describe(out); }

  private:
    Entry& entry_;
    Ref<File> file_;
};

// Whole pages for memory of the runtime are read and checked where they belong; other bytes are
// handed over after the check.
Result<uint64_t> HeldFile::read_at(IoBuffer& buffer, uint64_t offset) {
    SCONE_TRY(check_size(entry_, *file_));
    if (offset >= entry_.size || buffer.size() == 0)
        return uint64_t{0};
    const uint64_t rest = entry_.size - offset;
    const uint64_t size = buffer.size() < rest ? buffer.size() : rest;
    uint8_t* place = buffer.runtime_memory();
    const bool direct =
        place != nullptr && offset % kPageSize == 0 && (size % kPageSize == 0 || size == rest);
    Scratch scratch(direct ? 0 : kStep);
    if (!direct && !scratch)
        return error(kENOMEM);
    for (uint64_t done = 0; done < size;) {
        const uint64_t start = base::round_down(offset + done, kPageSize);
        const uint64_t skip = offset + done - start;
        uint64_t step = base::round_up(skip + size - done, kPageSize);
        step = step < kStep ? step : kStep;
        step = step < entry_.size - start ? step : entry_.size - start;
        uint8_t* to = direct ? place + done : scratch.bytes();
        SCONE_TRY(read_exactly(entry_, *file_, start, to, step));
        check_pages(entry_, start, {to, step});
        const uint64_t count = step - skip < size - done ? step - skip : size - done;
        if (!direct)
            SCONE_TRY(buffer.put(done, to + skip, count));
        done += count;
    }
    return size;
}

}  // namespace

void initialise(const sgx::SettingsPage& page) {
    page.for_each_file([](const sgx::MeasuredFile& file) {
        auto* entry = enclave::heap_new<Entry>();
        if (entry == nullptr || !entries.push(entry))
            fatal("no memory for the list of measured files");
        entry->path = file.path;
        entry->digest = file.digest;
    });
}

void know_pages(const aead::Digest& digest, uint64_t size, base::Bytes pages) {
    if (aead::content_digest(size, pages, runtime_sha256()) != digest)
        return;
    for (Entry* entry : entries) {
        if (entry->digest != digest)
            continue;
        entry->size = size;
        entry->pages = pages;
    }
}

Result<Ref<File>> hold(std::string_view path, Ref<File> file) {
    if (file->is_writable() ||
        (file->origin() != Origin::Host && file->origin() != Origin::Protected))
        return file;
    Entry* entry = find(path);
    if (entry == nullptr || !file->can_map())
        return file;
    if (entry->pages.empty()) {
        FixedText<kPathMax + 200> text;
        text.append("the digests of the pages of ").append(path);
        text.append(" did not come with the start: the plans are not those that were measured");
        fatal(text.view());
    }
    auto held = make_ref<HeldFile>(*entry, std::move(file));
    if (!held)
        return error(kENOMEM);
    return Ref<File>(held);
}

}  // namespace scone::libos::measured_files
