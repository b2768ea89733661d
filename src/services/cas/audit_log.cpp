#include "services/cas/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>

#include "lib/crypto/signature.h"
#include "lib/text/hex.h"
#include "lib/text/json.h"

namespace scone::cas {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr std::string_view kSignatureMark = ",\"signature\":\"";
constexpr std::string_view kEnd = "\"}";
constexpr size_t kSignatureDigits = 128;
constexpr size_t kMaxLine = 1 << 20;

std::string now_text() {
    std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32] = {};
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

struct Entry {
    uint64_t sequence = 0;
    std::string signature;
    std::string previous;
    std::string_view signed_text;
};

std::optional<Entry> read_entry(std::string_view line) {
    // Nothing stands behind the signature: it would not be signed.
    constexpr size_t kTail = kSignatureMark.size() + kSignatureDigits + kEnd.size();
    if (line.size() < kTail || line.size() > kMaxLine)
        return std::nullopt;
    size_t mark = line.size() - kTail;
    auto json = text::parse_json(line);
    if (!json || !line.substr(mark).starts_with(kSignatureMark) || !line.ends_with(kEnd))
        return std::nullopt;
    auto sequence = json->find_uint64("sequence");
    const std::string* signature = json->find_string("signature");
    const std::string* previous = json->find_string("previous");
    if (!sequence || signature == nullptr || previous == nullptr ||
        *signature != line.substr(mark + kSignatureMark.size(), kSignatureDigits))
        return std::nullopt;
    return Entry{*sequence, *signature, *previous, line.substr(0, mark)};
}

// A line without its end; nullopt at the end of the file. Of a line above the limit there is no
// more than shows that it is one.
std::optional<std::string> read_line(std::istream& file) {
    std::string line;
    for (int next; (next = file.get()) != std::istream::traits_type::eof();) {
        if (next == '\n' || line.size() > kMaxLine)
            return line;
        line += static_cast<char>(next);
    }
    return line.empty() ? std::nullopt : std::optional(line);
}

std::string head_text(uint64_t sequence, const std::string& signature) {
    return std::to_string(sequence) + " " + signature;
}

auto broken(const std::filesystem::path& path, const std::string& why) {
    return failure(ExitCode::Integrity, why, "reading the audit log " + path.string(),
                   "keep the file as evidence; move it away to start a new log");
}

}  // namespace

Outcome<AuditLog> AuditLog::open(const std::filesystem::path& path, crypto::PrivateKey key,
                                 std::string_view head) {
    int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return failure(ExitCode::Failed, std::strerror(errno),
                       "opening the audit log " + path.string());
    AuditLog log(descriptor, std::move(key));
    SCONE_TRY(log.read_to_end(path, head));
    return log;
}

AuditLog::AuditLog(AuditLog&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      key_(std::move(other.key_)),
      sequence_(other.sequence_),
      signature_(std::move(other.signature_)) {}

AuditLog::~AuditLog() {
    if (descriptor_ >= 0)
        close(descriptor_);
}

// Only the chain is followed here; signatures are checked by verify_audit_log().
Outcome<void> AuditLog::read_to_end(const std::filesystem::path& path, std::string_view head) {
    std::ifstream file(path);
    bool has_head = head.empty() || head == head_text(sequence_, signature_);
    off_t whole_size = 0;
    while (auto line = read_line(file)) {
        auto entry = read_entry(*line);
        if (!entry && file.eof()) {  // power failed while this entry was written
            if (ftruncate(descriptor_, whole_size) != 0)
                return broken(path, std::strerror(errno));
            break;
        }
        whole_size += static_cast<off_t>(line->size()) + 1;
        if (!entry || entry->sequence != sequence_ + 1 || entry->previous != signature_)
            return broken(path, "entry " + std::to_string(sequence_ + 1) +
                                    " was changed, or entries are missing before it");
        // It failed before the last byte: what follows begins on a line of its own.
        if (file.eof() && write(descriptor_, "\n", 1) != 1)
            return broken(path, std::strerror(errno));
        sequence_ = entry->sequence;
        signature_ = entry->signature;
        has_head |= head == head_text(sequence_, signature_);
    }
    // An empty file begins a new log: the operator moved the old one away.
    if (!has_head && sequence_ != 0)
        return broken(path, "entries at the end are missing (it ends with entry " +
                                std::to_string(sequence_) + ")");
    return {};
}

Outcome<void> AuditLog::append(const char* event, std::initializer_list<Field> fields) {
    std::lock_guard lock(mutex_);
    if (is_torn_)
        return failure(ExitCode::Failed, "the audit log ends with a part of an entry",
                       "writing the audit log", "start CAS again: it drops that part");
    std::string line = "{\"sequence\":" + std::to_string(sequence_ + 1) + ",\"time\":\"" +
                       now_text() + "\",\"event\":\"" + event + "\"";
    for (const auto& [name, value] : fields)
        line.append(",\"").append(name).append("\":\"").append(text::escape_json(value)) += '"';
    line += ",\"previous\":\"" + signature_ + "\"";
    auto signature = crypto::sign(key_, base::as_bytes(line));
    if (!signature)
        return failure(ExitCode::Failed, signature.error().text, "signing an audit log entry");
    std::string digits = text::to_hex(*signature);
    line.append(kSignatureMark).append(digits).append(kEnd) += '\n';
    if (line.size() > kMaxLine)
        return failure(ExitCode::Failed, "an audit log entry of " + std::to_string(line.size()) +
                                             " bytes is above the limit");
    ssize_t count = write(descriptor_, line.data(), line.size());
    if (count != static_cast<ssize_t>(line.size())) {
        // The next entry must not begin behind a part of this one.
        if (count > 0)
            is_torn_ = ftruncate(descriptor_, lseek(descriptor_, 0, SEEK_END) - count) != 0;
        return failure(ExitCode::Failed,
                       std::string("the audit log cannot be written: ") +
                           (count < 0 ? std::strerror(errno) : "the disk is full"),
                       "writing the audit log", "make room on CAS's disk");
    }
    ++sequence_;
    signature_ = std::move(digits);
    return {};
}

std::string AuditLog::head() {
    std::lock_guard lock(mutex_);
    return head_text(sequence_, signature_);
}

Outcome<uint64_t> verify_audit_log(std::string_view content, const crypto::PublicKey& key) {
    uint64_t sequence = 0;
    std::string previous(kSignatureDigits, '0');
    while (!content.empty()) {
        size_t end = std::min(content.find('\n'), content.size());
        std::string_view line = content.substr(0, end);
        content.remove_prefix(std::min(end + 1, content.size()));
        auto entry = read_entry(line);
        auto signature = entry ? text::from_hex(entry->signature) : std::nullopt;
        bool fits = entry && signature && entry->sequence == sequence + 1 &&
                    entry->previous == previous &&
                    crypto::verify(key, base::as_bytes(entry->signed_text), *signature);
        if (!fits)
            return failure(ExitCode::Integrity,
                           "audit log entry " + std::to_string(sequence + 1) + " does not fit");
        ++sequence;
        previous = entry->signature;
    }
    return sequence;
}

}  // namespace scone::cas
