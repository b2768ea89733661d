#include "services/cas/record_root.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lib/base/endian.h"
#include "lib/crypto/kdf.h"
#include "services/cas/state_folder.h"

namespace scone::cas {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr size_t kSlotSize = 96;
constexpr size_t kMacOffset = 64;
constexpr uint64_t kFormat = 1;
enum Slot : int { kCommitted = 0, kAnnounced = 1 };
using SlotBytes = std::array<uint8_t, kSlotSize>;

Outcome<Digest> mac(const MacKey& key, base::Bytes message) {
    auto digest = crypto::hmac_sha256(key.expose(), message);
    if (!digest)
        return failure(ExitCode::Failed, digest.error().text, "computing a root");
    return *digest;
}

auto put_back(const std::string& what) {
    return failure(ExitCode::Integrity, what, "comparing the database with cas.root",
                   "somebody put back an older database or changed it; put the whole state folder "
                   "back from its newest backup");
}

}  // namespace

Outcome<Digest> record_part(const MacKey& key, std::string_view name, uint64_t version,
                            base::Bytes sealed) {
    std::vector<uint8_t> message(16);
    base::store_le64(message.data(), version);
    base::store_le64(message.data() + 8, name.size());
    base::Bytes name_bytes = base::as_bytes(name);
    message.insert(message.end(), name_bytes.begin(), name_bytes.end());
    Digest sealed_digest = crypto::sha256(sealed);
    message.insert(message.end(), sealed_digest.begin(), sealed_digest.end());
    return mac(key, message);
}

void RecordSum::add(const Digest& part) {
    unsigned carry = 0;
    for (size_t i = 0; i < sum_.size(); ++i) {
        unsigned digit = unsigned{sum_[i]} + part[i] + carry;
        sum_[i] = static_cast<uint8_t>(digit);
        carry = digit >> 8;
    }
}

void RecordSum::remove(const Digest& part) {
    unsigned borrow = 0;
    for (size_t i = 0; i < sum_.size(); ++i) {
        unsigned digit = unsigned{sum_[i]} - part[i] - borrow;
        sum_[i] = static_cast<uint8_t>(digit);
        borrow = digit >> 31;
    }
}

Outcome<Digest> root_of(const MacKey& key, uint64_t sequence, const RecordSum& sum,
                        uint64_t record_count, base::Bytes previous_root) {
    std::vector<uint8_t> message(16);
    base::store_le64(message.data(), sequence);
    base::store_le64(message.data() + 8, record_count);
    message.insert(message.end(), sum.bytes().begin(), sum.bytes().end());
    message.insert(message.end(), previous_root.begin(), previous_root.end());
    return mac(key, message);
}

Outcome<RootFile> RootFile::open(const std::filesystem::path& path, const MacKey& key) {
    int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return failure(
            errno == ENOENT ? ExitCode::Integrity : ExitCode::Failed,
            errno == ENOENT ? "cas.root is missing, but a database is there" : std::strerror(errno),
            "opening " + path.string(), "put the whole state folder back from its newest backup");
    RootFile file(descriptor, key.duplicate());
    file.committed_ = SCONE_TRY(file.read_slot(kCommitted));
    file.announced_ = SCONE_TRY(file.read_slot(kAnnounced));
    if (!file.committed_ && !file.announced_)
        return put_back("cas.root was changed or belongs to another key");
    return file;
}

Outcome<RootFile> RootFile::create(const std::filesystem::path& path, const MacKey& key,
                                   const Root& first) {
    SCONE_TRY(write_file(path, std::string(2 * kSlotSize, '\0'), 0600));
    int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return failure(ExitCode::Failed, std::strerror(errno), "opening " + path.string());
    RootFile file(descriptor, key.duplicate());
    SCONE_TRY(file.announce(first));
    return file;
}

RootFile::RootFile(RootFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      key_(std::move(other.key_)),
      committed_(other.committed_),
      announced_(other.announced_) {}

RootFile::~RootFile() {
    if (descriptor_ >= 0)
        close(descriptor_);
}

Outcome<void> RootFile::check(const Root& database) const {
    bool is_newest = false;
    for (const auto& known : {committed_, announced_}) {
        is_newest |= known && known->sequence == database.sequence &&
                     base::equal_in_constant_time(known->root, database.root);
    }
    // A commit is announced only after the one before was carried out: what is older than both
    // slots, or older than a committed root that nothing follows, was put back.
    if (is_newest)
        return {};
    uint64_t newest =
        std::max(committed_ ? committed_->sequence : 0, announced_ ? announced_->sequence : 0);
    if (database.sequence < newest)
        return put_back("the database was rolled back: it holds commit " +
                        std::to_string(database.sequence) + ", expected " + std::to_string(newest));
    return put_back("the database does not hold the records of its newest commit");
}

Outcome<void> RootFile::announce(const Root& next) {
    SCONE_TRY(write_slot(kAnnounced, next));
    if (fdatasync(descriptor_) != 0)
        return failure(ExitCode::Failed, std::strerror(errno), "writing cas.root");
    announced_ = next;
    return {};
}

Outcome<void> RootFile::commit(const Root& done) {
    SCONE_TRY(write_slot(kCommitted, done));
    committed_ = done;
    return {};
}

Outcome<void> RootFile::write_slot(int slot, const Root& root) {
    SlotBytes bytes{};
    base::store_le64(bytes.data(), kFormat);
    base::store_le64(bytes.data() + 8, root.sequence);
    base::copy_bytes(std::span(bytes).subspan(16, 32), root.root);
    base::store_le64(bytes.data() + 48, static_cast<uint64_t>(slot));
    Digest code = SCONE_TRY(mac(key_, base::Bytes(bytes).first(kMacOffset)));
    base::copy_bytes(std::span(bytes).subspan(kMacOffset), code);
    ssize_t count =
        pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(kSlotSize) * slot);
    if (count != static_cast<ssize_t>(bytes.size()))
        return failure(ExitCode::Failed, std::strerror(errno), "writing cas.root");
    return {};
}

Outcome<std::optional<RootFile::Root>> RootFile::read_slot(int slot) const {
    SlotBytes bytes{};
    ssize_t count =
        pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(kSlotSize) * slot);
    if (count != static_cast<ssize_t>(bytes.size()))
        return std::nullopt;
    Digest code = SCONE_TRY(mac(key_, base::Bytes(bytes).first(kMacOffset)));
    bool whole = base::equal_in_constant_time(code, base::Bytes(bytes).subspan(kMacOffset)) &&
                 base::load_le64(bytes.data()) == kFormat &&
                 base::load_le64(bytes.data() + 48) == static_cast<uint64_t>(slot);
    if (!whole)
        return std::nullopt;
    Root root;
    root.sequence = base::load_le64(bytes.data() + 8);
    base::copy_bytes(root.root, base::Bytes(bytes).subspan(16, 32));
    return root;
}

}  // namespace scone::cas
