#include "runtime/trusted/libos/loader/measured_files.h"

#include <atomic>

#include "lib/aead/aes_gcm.h"
#include "lib/base/checked.h"
#include "lib/base/endian.h"
#include "lib/base/hex.h"
#include "lib/base/secret.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vector_section.h"

namespace scone::libos::measured_files {
namespace {

using namespace linux_abi;
using sgx::kPageSize;

constexpr uint64_t kStep = 16 * kPageSize;
constexpr uint64_t kLargestFile = 1ull << 40;
constexpr uint64_t kLargestKept = 32 << 20;

struct Entry {
    uint32_t number = 0;
    std::string_view path;
    aead::Digest digest{};
    // Guards what follows until `verified` is set; then it stays. Held while the file is read.
    enclave::SleepLock lock;
    std::atomic<bool> verified{false};
    uint64_t size = 0;
    // Of a file of the host: a tag of each page under a key of this enclave.
    Vector<aead::GcmTag> tags;
};

Vector<Entry*> entries;  // does not change after initialise()
aead::GcmKeyContext page_key;

// The content of the file that was verified last: a loader maps it right after.
struct Kept {
    enclave::SpinLock lock;
    Entry* entry = nullptr;
    uint32_t readers = 0;  // the memory stays while there are any
    uint8_t* bytes = nullptr;
    uint64_t capacity = 0;
};
Kept kept;

Entry* find(std::string_view path) {
    for (Entry* entry : entries)
        if (entry->path == path)
            return entry;
    return nullptr;
}

// Memory for `size` bytes that is nobody else's until keep() or drop(); null when there is none.
uint8_t* take_kept(uint64_t size) {
    enclave::Guard guard(kept.lock);
    if (size == 0 || size > kLargestKept || kept.readers != 0)
        return nullptr;
    kept.entry = nullptr;
    kept.readers = 1;
    if (kept.capacity < size) {
        enclave::heap_free(kept.bytes);
        kept.bytes = static_cast<uint8_t*>(enclave::heap_allocate(size));
        kept.capacity = kept.bytes == nullptr ? 0 : size;
    }
    if (kept.bytes == nullptr)
        kept.readers = 0;
    return kept.bytes;
}
void keep(Entry* entry) {
    enclave::Guard guard(kept.lock);
    kept.entry = entry;
    kept.readers = 0;
}

// Copies from the kept content; false when it is another file's. The program's memory is written
// outside of the lock, since a fault there may read a file.
Result<bool> read_kept(const Entry& entry, IoBuffer& buffer, uint64_t offset, uint64_t size) {
    {
        enclave::Guard guard(kept.lock);
        if (kept.entry != &entry)
            return false;
        kept.readers++;
    }
    auto done = buffer.put(0, kept.bytes + offset, size);
    {
        enclave::Guard guard(kept.lock);
        kept.readers--;
    }
    SCONE_TRY(std::move(done));
    return true;
}

void free_kept() {
    enclave::Guard guard(kept.lock);
    if (kept.readers != 0)
        return;
    enclave::heap_free(kept.bytes);
    kept.entry = nullptr;
    kept.bytes = nullptr;
    kept.capacity = 0;
}

// Memory of the runtime for one read.
class Scratch {
  public:
    Scratch() : bytes_(static_cast<uint8_t*>(enclave::heap_allocate(kStep))) {}
    ~Scratch() { enclave::heap_free(bytes_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    explicit operator bool() const { return bytes_ != nullptr; }
    uint8_t* plain() { return bytes_; }

  private:
    uint8_t* bytes_;
};

struct HexDigest {
    explicit HexDigest(const aead::Digest& digest) { base::hex_encode(digest, digits); }
    std::string_view view() const { return {digits, sizeof digits}; }
    char digits[2 * aead::kSha256Size];
};

[[noreturn]] void refuse(const Entry& entry, std::string_view what) {
    FixedText<kPathMax + 400> text;
    text.append("The file ").append(entry.path).append(" is not the measured one: ").append(what);
    fatal(text.view());
}

// Exactly this many bytes of the file.
Result<void> read_exactly(const Entry& entry, File& file, uint64_t offset, uint8_t* to,
                          uint64_t size) {
    IoBuffer rest = IoBuffer::of_runtime(to, size);
    while (rest.size() > 0) {
        const uint64_t count = SCONE_TRY(file.read_at(rest, offset));
        if (count == 0)
            refuse(entry, "it became shorter while it was in use");
        offset += count;
        rest.advance(count);
    }
    return {};
}

// The tag of a page (GMAC). It never leaves the enclave: the same nonce for other bytes gives
// nothing away.
aead::GcmTag tag_of(const Entry& entry, uint64_t page, base::Bytes bytes) {
    uint8_t nonce[12];
    base::store_le32(nonce, entry.number);
    base::store_le64(nonce + 4, page);
    aead::GcmTag tag;
    runtime_cipher().encrypt(page_key, {nonce, bytes.data(), bytes.size(), nullptr, nullptr, 0},
                             tag.data());
    return tag;
}

// Calls visit(page number, its bytes) for each page of what was read at `offset`.
template <class F>
void for_each_page(uint64_t offset, base::Bytes bytes, F&& visit) {
    for (uint64_t at = 0; at < bytes.size(); at += kPageSize) {
        const uint64_t size = bytes.size() - at < kPageSize ? bytes.size() - at : kPageSize;
        visit((offset + at) / kPageSize, bytes.subspan(at, size));
    }
}

// The whole file: its digest, and what later reads are held to.
Result<void> read_whole(Entry& entry, File& file) {
    Stat now{};
    SCONE_TRY(file.stat(now));
    // HOST: a wrong size gives a wrong digest.
    if (now.size < 0 || static_cast<uint64_t>(now.size) > kLargestFile)
        return error(kEIO);
    const auto file_size = static_cast<uint64_t>(now.size);
    Scratch scratch;
    uint8_t* whole = take_kept(file_size);
    // Mappings are read piece by piece, long after another file took the place of the content.
    const bool tags = file.origin() == Origin::Host;
    if (!scratch || (tags && !entry.tags.resize((file_size + kPageSize - 1) / kPageSize))) {
        if (whole != nullptr)
            keep(nullptr);
        return error(kENOMEM);
    }
    aead::Sha256 hash(runtime_sha256());
    for (uint64_t offset = 0; offset < file_size; offset += kStep) {
        const uint64_t size = file_size - offset < kStep ? file_size - offset : kStep;
        uint8_t* to = whole == nullptr ? scratch.plain() : whole + offset;
        if (auto read = read_exactly(entry, file, offset, to, size); !read) {
            if (whole != nullptr)
                keep(nullptr);
            return read;
        }
        hash.update({to, size});
        if (tags)
            for_each_page(offset, {to, size}, [&](uint64_t page, base::Bytes bytes) {
                entry.tags[page] = tag_of(entry, page, bytes);
            });
    }
    const aead::Digest got = hash.finish();
    if (got != entry.digest) {
        FixedText<300> text;
        text.append("it was changed after it was measured\n  SHA-256 expected ");
        text.append(HexDigest(entry.digest).view()).append(", got ").append(HexDigest(got).view());
        refuse(entry, text.view());
    }
    entry.size = file_size;
    if (whole != nullptr)
        keep(&entry);
    entry.verified.store(true, std::memory_order_release);
    return {};
}

Result<void> verify(Entry& entry, File& file) {
    if (entry.verified.load(std::memory_order_acquire))
        return {};
    enclave::Guard guard(entry.lock);
    return entry.verified.load(std::memory_order_relaxed) ? Result<void>{}
                                                          : read_whole(entry, file);
}

// A file at a measured path; nothing but the measured bytes comes out of it.
class HeldFile : public File {
  public:
    HeldFile(Entry& entry, Ref<File> file)
        : File(file->status_flags()), entry_(entry), file_(std::move(file)) {}

    Result<uint64_t> read_at(IoBuffer& buffer, uint64_t offset) override;
    Result<uint64_t> seek(int64_t offset, int whence) override {
        SCONE_TRY(verify(entry_, *file_));
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
    // From the host, page by page.
    Result<void> read_pages(IoBuffer& buffer, uint64_t offset, uint64_t size);

    Entry& entry_;
    Ref<File> file_;
};

Result<uint64_t> HeldFile::read_at(IoBuffer& buffer, uint64_t offset) {
    SCONE_TRY(verify(entry_, *file_));
    if (offset >= entry_.size || buffer.size() == 0)
        return uint64_t{0};
    const uint64_t size =
        buffer.size() < entry_.size - offset ? buffer.size() : entry_.size - offset;
    if (SCONE_TRY(read_kept(entry_, buffer, offset, size)))
        return size;
    if (file_->origin() != Origin::Host)
        return file_->read_at(buffer, offset);  // its blocks are authenticated
    SCONE_TRY(read_pages(buffer, offset, size));
    return size;
}

Result<void> HeldFile::read_pages(IoBuffer& buffer, uint64_t offset, uint64_t size) {
    Scratch scratch;
    if (!scratch)
        return error(kENOMEM);
    for (uint64_t done = 0; done < size;) {
        const uint64_t start = (offset + done) / kPageSize * kPageSize;
        uint64_t step = base::round_up(offset + size, kPageSize) - start;
        step = step < kStep ? step : kStep;
        step = step < entry_.size - start ? step : entry_.size - start;
        SCONE_TRY(read_exactly(entry_, *file_, start, scratch.plain(), step));
        for_each_page(start, {scratch.plain(), step}, [&](uint64_t page, base::Bytes bytes) {
            if (tag_of(entry_, page, bytes) != entry_.tags[page])
                refuse(entry_, "it was changed while it was in use");
        });
        const uint64_t skip = offset + done - start;
        const uint64_t count = step - skip < size - done ? step - skip : size - done;
        SCONE_TRY(buffer.put(done, scratch.plain() + skip, count));
        done += count;
    }
    return {};
}

}  // namespace

void initialise(const sgx::SettingsPage& page) {
    page.for_each_file([](const sgx::MeasuredFile& file) {
        auto* entry = enclave::heap_new<Entry>();
        if (entry == nullptr || !entries.push(entry))
            fatal("no memory for the list of measured files");
        entry->number = static_cast<uint32_t>(entries.size());
        entry->path = file.path;
        entry->digest = file.digest;
    });
    uint8_t key[aead::kGcmKeySize];
    enclave::fill_random(key, sizeof key);
    runtime_cipher().expand_key(key, page_key);
    base::wipe(key, sizeof key);
}

Result<Ref<File>> hold(std::string_view path, Ref<File> file) {
    if (file->is_writable() ||
        (file->origin() != Origin::Host && file->origin() != Origin::Protected))
        return file;
    Entry* entry = find(path);
    if (entry == nullptr) {
        free_kept();  // the program goes on to files of its own
        return file;
    }
    if (!file->can_map())
        return file;
    auto held = make_ref<HeldFile>(*entry, std::move(file));
    if (!held)
        return error(kENOMEM);
    return Ref<File>(held);
}

}  // namespace scone::libos::measured_files
