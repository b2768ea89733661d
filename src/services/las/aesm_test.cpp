// The client against a stand-in for AESM that answers as messages.proto says.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

#include "lib/base/endian.h"
#include "services/las/aesm_client.h"
#include "services/las/dcap_backend.h"

namespace scone::las {
namespace {

using Buffer = std::vector<uint8_t>;

class AesmDouble {
  public:
    AesmDouble() {
        ::unlink(path.c_str());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
        EXPECT_EQ(0, ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address));
        EXPECT_EQ(0, ::listen(listener_, 4));
        thread_ = std::thread([this] { serve(); });
    }
    ~AesmDouble() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
        ::unlink(path.c_str());
    }

    std::string path = testing::TempDir() + "aesm_" + std::to_string(getpid()) + ".socket";
    uint64_t error_code = 0;
    uint32_t algorithm = 2;
    bool is_mute = false;
    std::vector<uint32_t> asked;

  private:
    void serve() {
        for (;;) {
            int fd = ::accept(listener_, nullptr, nullptr);
            if (fd < 0)
                return;
            uint8_t size_bytes[4];
            Buffer request;
            if (!is_mute && ::recv(fd, size_bytes, 4, MSG_WAITALL) == 4) {
                request.resize(base::load_le32(size_bytes));
                if (::recv(fd, request.data(), request.size(), MSG_WAITALL) > 0)
                    reply(fd, request);
            }
            ::close(fd);
        }
    }
    void reply(int fd, const Buffer& request) {
        auto outer = read_aesm_message(request);
        ASSERT_TRUE(outer && outer->size() == 1);
        uint32_t number = outer->front().number;
        asked.push_back(number);
        AesmWriter body;
        body.number(1, error_code);
        fill(number, body);
        AesmWriter answer;
        answer.bytes(number, body.view());
        uint8_t size_bytes[4];
        base::store_le32(size_bytes, static_cast<uint32_t>(answer.view().size()));
        EXPECT_EQ(4, ::send(fd, size_bytes, 4, MSG_NOSIGNAL));
        EXPECT_GT(::send(fd, answer.view().data(), answer.view().size(), MSG_NOSIGNAL), 0);
    }
    void fill(uint32_t number, AesmWriter& body) {
        Buffer keys(512);  // two ids; the second is the right one
        base::store_le32(keys.data() + 256 + 154, algorithm);
        base::store_be32(keys.data() + 256 + 6, 0x8c4f5775);
        if (number == 15) {
            body.bytes(2, Buffer(512, 7));
            body.number(3, 32);
        } else if (number == 16) {
            body.number(2, 5000);
        } else if (number == 17) {
            body.bytes(2, Buffer(5000, 9));
        } else if (number == 21) {
            body.number(2, 2);
        } else if (number == 22) {
            body.bytes(2, keys);
        }
    }

    int listener_;
    std::thread thread_;
};

TEST(AesmClient, BringsTargetInfoAndQuote) {
    AesmDouble aesm;
    auto backend = open_dcap_backend({{"/dev/null"}, aesm.path});
    ASSERT_TRUE(backend) << backend.error().what;
    EXPECT_EQ(channel::QuoteKind::Dcap, (*backend)->target().kind);
    EXPECT_EQ(7, (*backend)->target().target_info[511]);
    auto quote = (*backend)->quote(Buffer(432));
    ASSERT_TRUE(quote);
    EXPECT_EQ(Buffer(5000, 9), *quote);
    EXPECT_EQ((std::vector<uint32_t>{21, 22, 15, 15, 16, 17}), aesm.asked);
}

TEST(AesmClient, NamesAesmsErrors) {
    AesmDouble aesm;
    aesm.error_code = 12;
    auto backend = open_dcap_backend({{"/dev/null"}, aesm.path});
    ASSERT_FALSE(backend);
    EXPECT_EQ(text::ExitCode::Unreachable, backend.error().exit_code);
    EXPECT_EQ("asking AESM for its attestation keys: AESM error 12", backend.error().what);
    aesm.error_code = 0;
    aesm.algorithm = 3;
    backend = open_dcap_backend({{"/dev/null"}, aesm.path});
    ASSERT_FALSE(backend);
    EXPECT_NE(std::string::npos, backend.error().what.find("none is ECDSA P-256"));
    aesm.is_mute = true;
    backend = open_dcap_backend({{"/dev/null"}, aesm.path});
    ASSERT_FALSE(backend);
    EXPECT_NE(std::string::npos, backend.error().what.find("does not answer"));
}

TEST(AesmMessage, RefusesWhatIsCutOffOrOfAnotherType) {
    AesmWriter writer;
    writer.number(1, 300);
    writer.bytes(2, Buffer(200));
    base::Bytes whole = writer.view();
    auto fields = read_aesm_message(whole);
    ASSERT_TRUE(fields);
    ASSERT_EQ(2u, fields->size());
    EXPECT_EQ(300u, fields->at(0).value);
    EXPECT_EQ(200u, fields->at(1).bytes.size());
    for (size_t size = 1; size < whole.size(); size++)
        EXPECT_EQ(size == 3, read_aesm_message(whole.first(size)).has_value()) << size;
    EXPECT_FALSE(read_aesm_message(Buffer{0x09, 0, 0, 0, 0, 0, 0, 0, 0}));  // 64-bit wire type
    EXPECT_FALSE(read_aesm_message(Buffer(11, 0xff)));
}

}  // namespace
}  // namespace scone::las
