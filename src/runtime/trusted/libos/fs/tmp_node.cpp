#include "runtime/trusted/libos/fs/tmp_node.h"

#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMaximumSize = 16ull << 30;
std::atomic<uint64_t> next_number{2};
const uint8_t zeros[kPage] = {};

Timespec now() {
    uint64_t ns = realtime_ns();
    return {static_cast<int64_t>(ns / 1'000'000'000), static_cast<int64_t>(ns % 1'000'000'000)};
}

}  // namespace

void TmpFs::number_nodes_from(uint64_t number) {
    next_number = number;
}

TmpFs::Node::Node(uint32_t mode_bits)
    : number(next_number.fetch_add(1)),
      mode(mode_bits),
      user(current_thread().process ? current_process().credentials.effective_user : 0),
      group(current_thread().process ? current_process().credentials.effective_group : 0) {
    access_time = change_time = modify_time = now();
}

TmpFs::Node::~Node() {
    for (uint8_t* page : pages)
        enclave::heap_free(page);
    for (TmpEntry* entry : entries)
        enclave::heap_delete(entry);
    enclave::heap_delete(target);
}

void TmpFs::Node::touch() {
    modify_time = change_time = now();
}

void TmpFs::Node::stat(Stat& out) {
    enclave::Guard guard(lock);
    out = {};
    out.dev = 0x1d, out.ino = number;
    out.nlink = is_directory() ? 2 : links;
    out.mode = mode, out.uid = user, out.gid = group;
    out.size = static_cast<int64_t>(is_link() ? target->size() : is_directory() ? kPage : size);
    out.blksize = kPage;
    out.blocks = static_cast<int64_t>((size + 511) / 512);
    out.atime = access_time, out.mtime = modify_time, out.ctime = change_time;
}

Result<void> TmpFs::Node::resize(uint64_t new_size) {
    if (new_size > kMaximumSize)
        return error(kEFBIG);
    size_t count = (new_size + kPage - 1) / kPage;
    for (size_t i = count; i < pages.size(); i++)
        enclave::heap_free(pages[i]);
    size_t had = pages.size();
    if (!pages.resize(count))
        return error(kENOSPC);
    for (size_t i = had; i < count; i++)
        pages[i] = nullptr;
    // What lies behind a shorter end must read as zeros when the file grows again.
    if (new_size < size && new_size % kPage != 0 && pages[count - 1] != nullptr)
        __builtin_memset(pages[count - 1] + new_size % kPage, 0, kPage - new_size % kPage);
    size = new_size;
    touch();
    return {};
}

// The program's memory is touched without the lock: a fault there may have to read this file.
Result<uint64_t> TmpFs::Node::read(IoBuffer& buffer, uint64_t offset) {
    uint8_t bytes[kPage];
    uint64_t done = 0;
    while (done < buffer.size()) {
        uint64_t at = offset + done, step = kPage - at % kPage;
        if (step > buffer.size() - done)
            step = buffer.size() - done;
        {
            enclave::Guard guard(lock);
            if (at >= size)
                break;
            if (step > size - at)
                step = size - at;
            const uint8_t* page = pages[at / kPage];
            __builtin_memcpy(bytes, page == nullptr ? zeros : page + at % kPage, step);
        }
        SCONE_TRY(buffer.put(done, bytes, step));
        done += step;
    }
    return done;
}

Result<uint64_t> TmpFs::Node::write(IoBuffer& buffer, uint64_t offset) {
    uint64_t end = offset + buffer.size();
    if (end < offset || end > kMaximumSize)
        return error(kEFBIG);
    uint8_t bytes[kPage];
    for (uint64_t done = 0; done < buffer.size();) {
        uint64_t at = offset + done, step = kPage - at % kPage;
        if (step > buffer.size() - done)
            step = buffer.size() - done;
        if (auto got = buffer.get(done, bytes, step); !got)
            return done > 0 ? Result<uint64_t>(done) : std::unexpected(got.error());
        enclave::Guard guard(lock);
        if (at + step > size)
            SCONE_TRY(resize(at + step));
        uint8_t*& page = pages[at / kPage];
        if (page == nullptr) {
            page = static_cast<uint8_t*>(enclave::heap_allocate(kPage));
            if (page == nullptr)
                return done > 0 ? Result<uint64_t>(done) : error(kENOSPC);
            __builtin_memset(page, 0, kPage);
        }
        __builtin_memcpy(page + at % kPage, bytes, step);
        done += step;
        touch();
    }
    return buffer.size();
}

TmpEntry* TmpFs::Node::find(std::string_view name) {
    for (TmpEntry* entry : entries)
        if (entry->name.view() == name)
            return entry;
    return nullptr;
}

Result<void> TmpFs::Node::add(std::string_view name, Ref<Node> node) {
    auto* entry = enclave::heap_new<TmpEntry>();
    if (entry == nullptr || !entries.push(entry)) {
        enclave::heap_delete(entry);
        return error(kENOSPC);
    }
    entry->name.append(name);
    entry->node = std::move(node);
    touch();
    return {};
}

void TmpFs::Node::remove(std::string_view name) {
    for (size_t i = 0; i < entries.size(); i++) {
        if (entries[i]->name.view() == name) {
            enclave::heap_delete(entries[i]);
            entries.erase(i);
            touch();
            return;
        }
    }
}

}  // namespace scone::libos
