// An audit log that somebody changed: what still verifies are the entries that were written, to the
// byte. And one that was cut or extended: CAS goes on with it or refuses it, for good.
//
// Input: u16 LE size to cut the log to, u8 count of changes, each u16 LE place and u8 byte; the
// rest is put behind it.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/endian.h"
#include "services/cas/audit_log.h"

namespace {

using namespace scone;

struct File {
    int descriptor = memfd_create("audit", MFD_CLOEXEC);
    ~File() { close(descriptor); }
    std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor); }
    void write(std::string_view text) {
        if (ftruncate(descriptor, 0) != 0 ||
            pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
            abort();
    }
    std::string content() const {
        std::string text(static_cast<size_t>(lseek(descriptor, 0, SEEK_END)), '\0');
        if (pread(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
            abort();
        return text;
    }
};

struct Original {
    crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::NewKey::Ed25519).value();
    crypto::PublicKey public_key = key.public_key().value();
    std::string text;

    Original() {
        File file;
        auto log = cas::AuditLog::open(file.path(), key.share(), "").value();
        for (const char* session : {"a", "b \"c\"\n", "d"})
            if (!log.append("session created", {{"session", session}}))
                abort();
        text = file.content();
    }
};

void must(bool holds) {
    if (!holds)
        __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const Original original;
    static File file;
    if (size < 3)
        return 0;
    base::Bytes rest(data + 3, size - 3);
    std::string text = original.text.substr(0, base::load_le16(data));
    for (unsigned i = 0; i < data[2] && rest.size() >= 3; ++i, rest = rest.subspan(3))
        if (!text.empty())
            text[base::load_le16(rest.data()) % text.size()] = static_cast<char>(rest[2]);
    text += base::as_text(rest);

    const auto count = cas::verify_audit_log(text, original.public_key);
    if (count) {
        const std::string_view ending = text.ends_with('\n') ? "" : "\n";
        must(*count <= 3 &&
             original.text.starts_with(text + std::string(*count > 0 ? ending : "")));
    }

    file.write(text);
    std::string head;
    {
        auto log = cas::AuditLog::open(file.path(), original.key.share(), "");
        must(log || !count);
        if (!log || !log->append("CAS started", {}))
            return 0;
        head = log->head();
    }
    must(cas::AuditLog::open(file.path(), original.key.share(), head).has_value());
    return 0;
}
