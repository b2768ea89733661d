#include "tools/fspf_files/loaded_fspf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lib/aead/host_cpu.h"
#include "lib/text/errno_code.h"

namespace scone::tools {
namespace {

constexpr uint64_t kMaxFspfSize = uint64_t{64} << 30;

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0)
            close(fd_);
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

fspf::Result<size_t> read_memory(void* context, uint64_t offset, base::MutableBytes out) {
    auto& bytes = *static_cast<const std::vector<uint8_t>*>(context);
    if (offset >= bytes.size())
        return 0;
    size_t size = std::min<uint64_t>(out.size(), bytes.size() - offset);
    memcpy(out.data(), bytes.data() + offset, size);
    return size;
}

text::ExitCode exit_code_of(fspf::ErrorCode code) {
    switch (code) {
        case fspf::ErrorCode::NotFspf:
        case fspf::ErrorCode::Malformed:
        case fspf::ErrorCode::InvalidPath:
        case fspf::ErrorCode::TooLarge:
        case fspf::ErrorCode::NoRegion:
        case fspf::ErrorCode::NotDirectory:
        case fspf::ErrorCode::NotSymlink:
            return text::ExitCode::InvalidInput;
        case fspf::ErrorCode::Unsupported:
            return text::ExitCode::Unsupported;
        case fspf::ErrorCode::WrongKey:
        case fspf::ErrorCode::Stale:
        case fspf::ErrorCode::CorruptPage:
        case fspf::ErrorCode::Corrupt:
            return text::ExitCode::Integrity;
        case fspf::ErrorCode::NotFound:
            return text::ExitCode::NotFound;
        case fspf::ErrorCode::Exists:
            return text::ExitCode::Conflict;
        case fspf::ErrorCode::Host:
        case fspf::ErrorCode::Output:
        case fspf::ErrorCode::Absent:
            return text::ExitCode::Failed;
    }
    return text::ExitCode::Failed;
}

}  // namespace

text::Failure fspf_failure(const fspf::Error& error, const std::string& what) {
    return {exit_code_of(error.code), what + ": " + error.text, {}, {}};
}

text::Failure system_failure(const std::string& what) {
    return {text::exit_code_of_errno(errno), what + ": " + strerror(errno), {}, {}};
}

text::Outcome<std::vector<uint8_t>> read_whole_file(const std::string& file) {
    Descriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat st{};
    if (fd.get() < 0 || fstat(fd.get(), &st) != 0)
        return std::unexpected(system_failure("cannot read '" + file + "'"));
    if (!S_ISREG(st.st_mode) || static_cast<uint64_t>(st.st_size) > kMaxFspfSize)
        return text::failure(text::ExitCode::InvalidInput,
                             "'" + file + "' is not a file system protection file");
    std::vector<uint8_t> bytes(static_cast<size_t>(st.st_size));
    for (size_t at = 0; at < bytes.size();) {
        ssize_t got = read(fd.get(), bytes.data() + at, bytes.size() - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return std::unexpected(system_failure("cannot read '" + file + "'"));
        if (got == 0)
            return text::failure(text::ExitCode::Failed, "'" + file + "' became shorter");
        at += static_cast<size_t>(got);
    }
    return bytes;
}

text::Outcome<void> write_whole_file(const std::string& file, base::Bytes bytes, unsigned mode,
                                     Replace replace) {
    std::string beside = file + ".XXXXXX";
    Descriptor fd(mkostemp(beside.data(), O_CLOEXEC));
    if (fd.get() < 0)
        return std::unexpected(system_failure("cannot write '" + file + "'"));
    bool written = fchmod(fd.get(), mode) == 0;
    for (size_t at = 0; written && at < bytes.size();) {
        ssize_t put = write(fd.get(), bytes.data() + at, bytes.size() - at);
        if (put < 0 && errno == EINTR)
            continue;
        written = put >= 0;
        at += written ? static_cast<size_t>(put) : 0;
    }
    written = written && fsync(fd.get()) == 0;
    // link() refuses an existing name, rename() replaces it.
    if (written && replace == Replace::No) {
        written = link(beside.c_str(), file.c_str()) == 0;
        int why = errno;
        unlink(beside.c_str());
        errno = why;
    } else if (written) {
        written = rename(beside.c_str(), file.c_str()) == 0;
    }
    if (!written) {
        text::Failure failure = system_failure("cannot write '" + file + "'");
        unlink(beside.c_str());
        return std::unexpected(std::move(failure));
    }
    return {};
}

text::Outcome<std::unique_ptr<LoadedFspf>> LoadedFspf::load(const std::string& file,
                                                            const fspf::Key* key) {
    std::unique_ptr<LoadedFspf> loaded(new LoadedFspf);
    auto bytes = read_whole_file(file);
    if (!bytes)
        return std::unexpected(bytes.error());
    loaded->bytes_ = std::move(*bytes);
    const std::string what = "cannot open '" + file + "'";
    base::Bytes all = loaded->bytes_;
    auto header = fspf::decode_header(all.first(std::min(all.size(), fspf::kPageSize)));
    if (!header)
        return std::unexpected(fspf_failure(header.error(), what));
    bool clear = header->features & fspf::feature::kClearKey;
    if (!clear && !key)
        return text::failure(text::ExitCode::InvalidInput, what + ": it is encrypted already", {},
                             "give its key, or change it before 'scone fspf encrypt'");
    fspf::Key clear_key(header->clear_key);
    auto opened = loaded->reader_.open(aead::host_cipher(), {&loaded->bytes_, read_memory},
                                       clear ? clear_key : *key, header->tag, loaded->slots_,
                                       loaded->regions_, fspf::ClearKey::Accept);
    if (!opened)
        return std::unexpected(fspf_failure(opened.error(), what));
    return loaded;
}

}  // namespace scone::tools
