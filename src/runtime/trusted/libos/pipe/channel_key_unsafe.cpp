#include <new>

#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/mm/outside.h"
#include "runtime/trusted/libos/pipe/channel_key.h"
#include "runtime/trusted/libos/vector_section.h"

namespace scone::libos {

namespace channel_key {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

enclave::SpinLock nonce_lock;
uint64_t nonce_prefix;
uint32_t nonce_counter;
bool nonce_ready;

enclave::SpinLock family_lock;
bool family_ready;
ChannelKey family_key;

Result<const aead::GcmKeyContext*> family() {
    enclave::Guard guard(family_lock);
    if (!family_ready) {
        aead::GcmKey key;
        draw(key);
        SCONE_TRY(family_key.set(key));
        family_ready = true;
    }
    return &family_key.context();
}

struct Wrapped {
    uint8_t nonce[12], pad[4], tag[16], key[aead::kGcmKeySize];
    ChannelName name;
};
static_assert(sizeof(Wrapped) == kWrappedSize);

base::ByteArray<sizeof(ChannelName)> bytes_of(const ChannelName& name) {
    base::ByteArray<sizeof(ChannelName)> bytes;
    __builtin_memcpy(bytes.data(), &name, sizeof name);
    return bytes;
}

}  // namespace

Result<void> make_family_key() {
    SCONE_TRY(family());
    return {};
}

void draw(aead::GcmKey& key) {
    enclave::fill_random(key.expose_mutable().data(), aead::kGcmKeySize);
}

Result<void> wrap(uint64_t address, const ChannelName& name, const aead::GcmKey& key) {
    Wrapped wrapped{};
    wrapped.name = name;
    aead::Nonce nonce = next_nonce();
    __builtin_memcpy(wrapped.nonce, nonce.bytes.data(), sizeof wrapped.nonce);
    auto tag = aead::gcm_seal(runtime_cipher(), *SCONE_TRY(family()), nonce, bytes_of(name),
                              key.expose(), {wrapped.key, sizeof wrapped.key});
    if (!tag)
        return error(kEIO);
    __builtin_memcpy(wrapped.tag, tag->data(), sizeof wrapped.tag);
    enclave::copy_to_host(address, &wrapped, sizeof wrapped);
    return {};
}

Result<void> unwrap(uint64_t address, ChannelName& name, aead::GcmKey& key) {
    Wrapped wrapped;
    enclave::copy_from_host(&wrapped, address, sizeof wrapped);
    name = wrapped.name;
    aead::Nonce nonce;
    __builtin_memcpy(nonce.bytes.data(), wrapped.nonce, sizeof wrapped.nonce);
    auto opened = aead::gcm_open(runtime_cipher(), *SCONE_TRY(family()), nonce, bytes_of(name),
                                 {wrapped.key, sizeof wrapped.key},
                                 std::span<const uint8_t, 16>(wrapped.tag), key.expose_mutable());
    return opened ? Result<void>{} : error(kEIO);
}

aead::Nonce next_nonce() {
    enclave::Guard guard(nonce_lock);
    if (!nonce_ready || nonce_counter == UINT32_MAX) {
        enclave::fill_random(&nonce_prefix, sizeof nonce_prefix);
        nonce_counter = 0;
        nonce_ready = true;
    }
    aead::Nonce nonce;
    __builtin_memcpy(nonce.bytes.data(), &nonce_prefix, sizeof nonce_prefix);
    __builtin_memcpy(nonce.bytes.data() + 8, &nonce_counter, sizeof nonce_counter);
    nonce_counter++;
    return nonce;
}

void renew_nonces() {
    nonce_ready = false;
}

Result<int> make_memory(uint64_t size) {
    constexpr std::string_view kName = "scone-pipe";
    constexpr uint64_t kCloexec = 1, kSetSignal = 10;
    enclave::copy_to_host(enclave::window_data(), kName.data(), kName.size() + 1);
    int64_t fd = enclave::checked_result(
        host_call(__NR_memfd_create, Interruptible::No, enclave::window_data(), kCloexec), 1 << 24);
    if (fd < 0)
        return error(static_cast<int>(-fd));
    auto memory = static_cast<uint64_t>(fd);
    int64_t result = host_call(__NR_ftruncate, Interruptible::No, memory, size);
    if (result == 0)
        result = host_call(__NR_fcntl, Interruptible::No, memory, kSetSignal, kMemoryMark);
    if (result != 0) {
        enclave::host_close(static_cast<int>(fd));
        return error(kENOMEM);
    }
    return static_cast<int>(fd);
}

namespace {
// The first page of a channel's memory for the time of a call.
class FirstPage {
  public:
    ~FirstPage() {
        if (address_ != 0)
            outside::unmap(address_, enclave::kPageSize);
    }
    Result<uint64_t> map(int memory_fd) {
        address_ = SCONE_TRY(outside::map(outside::At::Anywhere, 0, enclave::kPageSize,
                                          kPROT_READ | kPROT_WRITE, 0, memory_fd, 0));
        return address_;
    }

  private:
    uint64_t address_ = 0;
};
}  // namespace

Result<int> make_key_memory(const ChannelName& name, const aead::GcmKey& key) {
    int fd = SCONE_TRY(make_memory(enclave::kPageSize));
    FirstPage page;
    auto address = page.map(fd);
    auto wrapped = address ? wrap(*address + kWrappedAt, name, key)
                           : Result<void>(std::unexpected(address.error()));
    if (!wrapped) {
        enclave::host_close(fd);
        return std::unexpected(wrapped.error());
    }
    return fd;
}

Result<void> read_memory(int memory_fd, ChannelName& name, aead::GcmKey& key) {
    Stat now{};
    if (enclave::host_fstat(memory_fd, now) < 0 ||
        static_cast<uint64_t>(now.size) < enclave::kPageSize)
        return error(kEIO);
    FirstPage page;
    return unwrap(SCONE_TRY(page.map(memory_fd)) + kWrappedAt, name, key);
}

}  // namespace channel_key

Result<void> ChannelKey::set(const aead::GcmKey& key) {
    // Whole pages are page aligned, which the cipher's key wants.
    void* memory = enclave::heap_allocate(enclave::kPageSize);
    if (memory == nullptr)
        return error(linux_abi::kENOMEM);
    context_ = new (memory) aead::GcmKeyContext;
    aead::gcm_set_key(runtime_cipher(), key, *context_);
    return {};
}
ChannelKey::~ChannelKey() {
    if (context_ == nullptr)
        return;
    context_->~GcmKeyContext();
    enclave::heap_free(context_);
}

}  // namespace scone::libos
