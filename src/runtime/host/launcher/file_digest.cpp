#include "runtime/host/launcher/file_digest.h"

#include <cpuid.h>
#include <sys/stat.h>

#include <cstring>

#include "runtime/host/launcher/user_cache.h"

namespace scone::launcher {
namespace {

constexpr const char* kFolder = "digests";

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

aead::Digest file_digest(const std::string& path, const MappedFile& file) {
    struct stat status;
    bool known = stat(path.c_str(), &status) == 0 &&
                 status.st_size == static_cast<off_t>(file.bytes().size());
    std::string key = known ? key_of(path, status) : "";
    aead::Digest digest;
    if (known) {
        auto cached = read_cached(kFolder, name_of(path));
        if (cached && cached->size() == key.size() + digest.size() &&
            std::memcmp(cached->data(), key.data(), key.size()) == 0) {
            std::memcpy(digest.data(), cached->data() + key.size(), digest.size());
            return digest;
        }
    }
    digest = aead::sha256(file.bytes(), fastest_sha256());
    if (known) {
        std::vector<uint8_t> entry(key.begin(), key.end());
        entry.insert(entry.end(), digest.begin(), digest.end());
        write_cached(kFolder, name_of(path), entry);
    }
    return digest;
}

aead::Sha256Compress fastest_sha256() {
    uint32_t a, b, c, d;
    bool has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0 &&
                   __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
    return has_sha ? aead::sha256_compress_sha_ni : aead::sha256_compress_portable;
}

}  // namespace scone::launcher
