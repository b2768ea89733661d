#include "runtime/host/launcher/file_digest.h"

#include <sys/stat.h>

#include <cstring>

#include "lib/aead/host_cpu.h"
#include "runtime/host/launcher/user_cache.h"

namespace scone::launcher {
namespace {

constexpr const char* kFolder = "digests-2";

// Everything that changes when the file does.
std::string key_of(const std::string& path, const struct stat& s) {
    std::string key = path;
    key += '\0';
    for (long long number :
         {static_cast<long long>(s.st_dev), static_cast<long long>(s.st_ino),
          static_cast<long long>(s.st_size), static_cast<long long>(s.st_mtim.tv_sec),
          static_cast<long long>(s.st_mtim.tv_nsec), static_cast<long long>(s.st_ctim.tv_sec),
          static_cast<long long>(s.st_ctim.tv_nsec)})
        key += std::to_string(number) + " ";
    return key;
}

// FNV-1a: only a file name; the entry repeats the whole key.
std::string name_of(const std::string& path) {
    uint64_t hash = 0xcbf29ce484222325;
    for (char c : path)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    char text[17];
    for (int i = 0; i < 16; i++)
        text[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
    return std::string(text, 16);
}

}  // namespace

FileDigests file_digests(const std::string& path, const MappedFile& file) {
    const base::Bytes bytes = file.bytes();
    struct stat status;
    const bool known =
        stat(path.c_str(), &status) == 0 && status.st_size == static_cast<off_t>(bytes.size());
    const std::string key = known ? key_of(path, status) : "";
    FileDigests digests{.content = {},
                        .pages = std::vector<aead::Digest>(aead::page_digest_count(bytes.size()))};
    const base::MutableBytes pages(digests.pages.front().data(),
                                   digests.pages.size() * aead::kSha256Size);
    const auto cached = known ? read_cached(kFolder, name_of(path)) : std::nullopt;
    if (cached && cached->size() == key.size() + pages.size() &&
        std::memcmp(cached->data(), key.data(), key.size()) == 0) {
        base::copy_bytes(pages, base::Bytes(*cached).subspan(key.size()));
    } else {
        aead::page_digests(bytes, aead::host_sha256(), aead::host_sha256_two(), digests.pages);
        std::vector<uint8_t> entry(key.begin(), key.end());
        entry.insert(entry.end(), pages.begin(), pages.end());
        if (known)
            write_cached(kFolder, name_of(path), entry);
    }
    digests.content = aead::content_digest(bytes.size(), pages, aead::host_sha256());
    return digests;
}

}  // namespace scone::launcher
