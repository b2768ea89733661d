#include "services/las/aesm_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lib/base/endian.h"

namespace scone::las {
namespace {

constexpr size_t kMaxAnswer = size_t{256} << 10;
constexpr size_t kMaxQuote = size_t{64} << 10;
constexpr uint64_t kTimeoutMs = 10'000;
constexpr uint32_t kTimeoutField = 9;

// Sub-messages: the same number in Request and Response.
constexpr uint32_t kInitQuoteEx = 15, kGetQuoteSizeEx = 16, kGetQuoteEx = 17,
                   kSupportedKeyCount = 21, kSupportedKeys = 22;

// Inside an attestation key id: the signer of the quoting enclave, and the algorithm.
constexpr size_t kSignerOffset = 6, kAlgorithmOffset = 154;
constexpr uint32_t kEcdsaP256 = 2;
constexpr uint8_t kIntelQeSigner[] = {0x8c, 0x4f, 0x57, 0x75};  // MRSIGNER begins with this

class UnixSocket {
  public:
    UnixSocket() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    UnixSocket(const UnixSocket&) = delete;
    UnixSocket& operator=(const UnixSocket&) = delete;
    ~UnixSocket() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    bool connect(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (fd_ < 0 || path.size() >= sizeof address.sun_path)
            return false;
        std::memcpy(address.sun_path, path.data(), path.size());
        timeval limit{kTimeoutMs / 1000, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        return ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    bool send_all(base::Bytes data) {
        while (!data.empty()) {
            ssize_t count = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
            if (count <= 0)
                return false;
            data = data.subspan(static_cast<size_t>(count));
        }
        return true;
    }
    bool receive_all(base::MutableBytes out) {
        while (!out.empty()) {
            ssize_t count = ::recv(fd_, out.data(), out.size(), 0);
            if (count <= 0)
                return false;
            out = out.subspan(static_cast<size_t>(count));
        }
        return true;
    }

  private:
    int fd_;
};

const AesmField* find(const std::vector<AesmField>& fields, uint32_t number, bool is_bytes) {
    auto found = std::ranges::find_if(fields, [&](const AesmField& field) {
        return field.number == number && field.is_bytes == is_bytes;
    });
    return found == fields.end() ? nullptr : &*found;
}

std::unexpected<std::string> failed(const char* doing, const std::string& why) {
    return std::unexpected(std::string(doing) + ": " + why);
}

}  // namespace

// u32 size in the host's order, then the message.
AesmResult<std::vector<uint8_t>> AesmClient::exchange(base::Bytes request) const {
    UnixSocket socket;
    if (!socket.connect(socket_path_))
        return std::unexpected("cannot connect to '" + socket_path_ + "': " + std::strerror(errno));
    uint8_t size_bytes[4];
    base::store_le32(size_bytes, static_cast<uint32_t>(request.size()));
    if (!socket.send_all(size_bytes) || !socket.send_all(request) ||
        !socket.receive_all(size_bytes))
        return std::unexpected(std::string("AESM does not answer"));
    uint32_t size = base::load_le32(size_bytes);
    if (size > kMaxAnswer)
        return std::unexpected("AESM's answer has " + std::to_string(size) + " bytes");
    std::vector<uint8_t> answer(size);
    if (!socket.receive_all(answer))
        return std::unexpected(std::string("AESM's answer is cut off"));
    return answer;
}

AesmResult<std::vector<AesmField>> AesmClient::call(uint32_t number, AesmWriter& request,
                                                    const char* doing,
                                                    std::vector<uint8_t>& storage) const {
    request.number(kTimeoutField, kTimeoutMs);
    AesmWriter outer;
    outer.bytes(number, request.view());
    auto answer = exchange(outer.view());
    if (!answer)
        return failed(doing, answer.error());
    storage = std::move(*answer);
    auto response = read_aesm_message(storage);
    const AesmField* body = response ? find(*response, number, true) : nullptr;
    auto fields = body == nullptr ? std::nullopt : read_aesm_message(body->bytes);
    if (!fields)
        return failed(doing, "AESM's answer is malformed");
    const AesmField* code = find(*fields, 1, false);
    if (code == nullptr)
        return failed(doing, "AESM's answer has no error code");
    if (code->value != 0)
        return failed(doing, "AESM error " + std::to_string(code->value));
    return std::move(*fields);
}

AesmResult<AttestationKeyId> AesmClient::select_key() const {
    constexpr const char* kDoing = "asking AESM for its attestation keys";
    std::vector<uint8_t> storage;
    AesmWriter count_request;
    auto counted = SCONE_TRY(call(kSupportedKeyCount, count_request, kDoing, storage));
    const AesmField* count = find(counted, 2, false);
    if (count == nullptr || count->value == 0 || count->value > 64)
        return failed(kDoing, "AESM offers no key; is its ECDSA quoting plug-in installed?");
    AesmWriter list_request;
    list_request.number(1, count->value * kAttestationKeyIdSize);
    auto listed = SCONE_TRY(call(kSupportedKeys, list_request, kDoing, storage));
    const AesmField* list = find(listed, 2, true);
    base::Bytes rest = list == nullptr ? base::Bytes() : list->bytes;
    for (; rest.size() >= kAttestationKeyIdSize; rest = rest.subspan(kAttestationKeyIdSize)) {
        base::Bytes id = rest.first(kAttestationKeyIdSize);
        if (base::load_le32(id.data() + kAlgorithmOffset) == kEcdsaP256 &&
            base::equal_bytes(id.subspan(kSignerOffset, sizeof kIntelQeSigner), kIntelQeSigner))
            return AttestationKeyId(id.begin(), id.end());
    }
    return failed(kDoing, "none is ECDSA P-256 of Intel's quoting enclave");
}

AesmResult<std::vector<uint8_t>> AesmClient::init_quote(const AttestationKeyId& key) const {
    constexpr const char* kDoing = "asking AESM for its quoting enclave";
    std::vector<uint8_t> storage;
    // First how large the key's public id is, then again with room for it: this makes the key
    // ready.
    AesmWriter size_request;
    size_request.bytes(1, key);
    size_request.number(3, 0);
    auto sized = SCONE_TRY(call(kInitQuoteEx, size_request, kDoing, storage));
    const AesmField* size = find(sized, 3, false);
    if (size == nullptr || size->value > 4096)
        return failed(kDoing, "the public key id has no proper size");
    uint64_t id_size = size->value;
    AesmWriter request;
    request.bytes(1, key);
    request.number(3, 1);
    request.number(4, id_size);
    auto ready = SCONE_TRY(call(kInitQuoteEx, request, kDoing, storage));
    const AesmField* target = find(ready, 2, true);
    if (target == nullptr || target->bytes.size() != 512)
        return failed(kDoing, "the target information is not 512 bytes");
    return std::vector<uint8_t>(target->bytes.begin(), target->bytes.end());
}

AesmResult<std::vector<uint8_t>> AesmClient::get_quote(const AttestationKeyId& key,
                                                       base::Bytes report) const {
    constexpr const char* kDoing = "asking AESM for a quote";
    std::vector<uint8_t> storage;
    AesmWriter size_request;
    size_request.bytes(1, key);
    auto sized = SCONE_TRY(call(kGetQuoteSizeEx, size_request, kDoing, storage));
    const AesmField* size = find(sized, 2, false);
    if (size == nullptr || size->value == 0 || size->value > kMaxQuote)
        return failed(kDoing, "the quote has no proper size");
    uint64_t quote_size = size->value;
    AesmWriter request;
    request.bytes(1, report);
    request.bytes(2, key);
    request.number(4, quote_size);
    auto made = SCONE_TRY(call(kGetQuoteEx, request, kDoing, storage));
    const AesmField* quote = find(made, 2, true);
    if (quote == nullptr || quote->bytes.empty() || quote->bytes.size() > kMaxQuote)
        return failed(kDoing, "there is no quote in the answer");
    return std::vector<uint8_t>(quote->bytes.begin(), quote->bytes.end());
}

}  // namespace scone::las
