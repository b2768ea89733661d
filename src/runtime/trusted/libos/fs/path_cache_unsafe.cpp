#include <new>

#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/libos/fs/path_cache.h"

namespace scone::libos {
namespace {

uint64_t load_word(const char* at, size_t size) {
    uint64_t word = 0;
    __builtin_memcpy(&word, at, size);
    return word;
}

// Eight bytes at a time; it need not resist anybody: a collision only takes another one's place.
uint64_t hash_of(uint32_t kind, std::string_view path) {
    uint64_t hash = (kind + 1) * 0x9e3779b97f4a7c15;
    size_t at = 0;
    for (; at + 8 <= path.size(); at += 8)
        hash = (hash ^ load_word(path.data() + at, 8)) * 0x9ddfea08eb382d69;
    if (at < path.size())
        hash = (hash ^ load_word(path.data() + at, path.size() - at)) * 0x9ddfea08eb382d69;
    return hash ^ hash >> 29;
}

}  // namespace

// SAFETY: keep() allocates path_size bytes more than the entry has.
char* PathCache::Entry::path_at() {
    return reinterpret_cast<char*>(this + 1);
}

bool PathCache::find(uint32_t kind, std::string_view path, Found& out) {
    uint64_t hash = hash_of(kind, path);
    auto& set = entries_[hash % kSets];
    enclave::Guard guard(lock_);
    for (Entry* entry : set) {
        if (entry == nullptr || entry->hash != hash || entry->kind != kind || entry->path() != path)
            continue;
        out = entry->found;
        return true;
    }
    return false;
}

void PathCache::keep(uint32_t kind, std::string_view path, const Found& found) {
    void* memory = enclave::heap_allocate(sizeof(Entry) + path.size());
    if (memory == nullptr)
        return;
    uint64_t hash = hash_of(kind, path);
    auto* entry = new (memory) Entry{hash, kind, static_cast<uint32_t>(path.size()), found};
    __builtin_memcpy(entry->path_at(), path.data(), path.size());
    auto& set = entries_[hash % kSets];
    Entry* old;
    {
        enclave::Guard guard(lock_);
        old = set[kWays - 1];
        for (size_t i = kWays - 1; i > 0; i--)
            set[i] = set[i - 1];
        set[0] = entry;
    }
    enclave::heap_free(old);
}

}  // namespace scone::libos
