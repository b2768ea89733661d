#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "lib/attest/simulated_quote.h"
#include "lib/sgx/attributes.h"
#include "lib/sgx/simulated_processor.h"
#include "services/las/dcap_backend.h"
#include "services/las/las_options.h"
#include "services/las/quote_service.h"
#include "services/las/simulated_backend.h"
#include "services/net/frame_server.h"

namespace scone::las {
namespace {

using channel::MessageType;

struct StateFolder {
    std::string path = testing::TempDir() + "las_state_" + std::to_string(getpid());
    StateFolder() { std::filesystem::remove_all(path); }
    ~StateFolder() { std::filesystem::remove_all(path); }
};

TEST(Options, AreReadInBothSpellings) {
    auto options = parse_options({"--listen=127.0.0.1:0", "--state", "/tmp/x", "--mode", "sim"});
    ASSERT_TRUE(options);
    EXPECT_EQ("127.0.0.1:0", options->listen.text());
    EXPECT_EQ("/tmp/x", options->state_folder);
    EXPECT_EQ(QuoteMode::Simulated, options->mode);
    EXPECT_EQ("0.0.0.0:18766", parse_options({})->listen.text());
    for (std::vector<std::string> bad :
         {std::vector<std::string>{"--state"}, {"--mode=fast"}, {"x"}, {"--state="}})
        EXPECT_EQ(text::ExitCode::Usage, parse_options(bad).error().exit_code);
}

TEST(SimulatedBackend, KeepsItsKeysAcrossRestarts) {
    StateFolder state;
    auto first = open_simulated_backend(state.path);
    ASSERT_TRUE(first) << first.error().what;
    auto second = open_simulated_backend(state.path);
    ASSERT_TRUE(second) << second.error().what;
    EXPECT_EQ((*first)->log_lines(), (*second)->log_lines());
    using std::filesystem::perms;
    EXPECT_EQ(perms::owner_read | perms::owner_write,
              std::filesystem::status(state.path + "/attestation.key").permissions());
}

TEST(SimulatedBackend, RefusesDamagedState) {
    StateFolder state;
    ASSERT_TRUE(open_simulated_backend(state.path));
    std::filesystem::resize_file(state.path + "/pck.key", 10);
    EXPECT_EQ(text::ExitCode::InvalidInput, open_simulated_backend(state.path).error().exit_code);
    std::filesystem::remove(state.path + "/pck.key");
    EXPECT_EQ(text::ExitCode::NotFound, open_simulated_backend(state.path).error().exit_code);
}

TEST(DcapBackend, NamesThePartThatIsMissing) {
    auto none = open_dcap_backend({{"/nonexistent/sgx"}, "/nonexistent/aesm"});
    ASSERT_FALSE(none);
    EXPECT_EQ(text::ExitCode::Unsupported, none.error().exit_code);
    EXPECT_NE(std::string::npos, none.error().what.find("no SGX device"));
    none = open_dcap_backend({{"/dev/null"}, "/nonexistent/aesm"});
    ASSERT_FALSE(none);
    EXPECT_NE(std::string::npos, none.error().what.find("no AESM service"));
}

// One connection without a socket.
struct Conversation {
    std::unique_ptr<net::Protocol> protocol;
    bool open = true;

    explicit Conversation(const QuotingBackend& backend)
        : protocol(quote_service(backend, "las", [](const std::string&) {})({"127.0.0.1", {}})) {}
    channel::Frame say(channel::Result<channel::SecretBytes> encoded) {
        EXPECT_EQ(net::Need::Serve, protocol->feed(encoded.value().expose()).need);
        net::Served served = protocol->serve();
        open = served.keep_open;
        channel::FrameReader reader;
        reader.push(base::as_bytes(served.bytes));
        return std::move(reader.next().value().value());
    }
};

TEST(QuoteService, TurnsAReportIntoAQuote) {
    StateFolder state;
    auto backend = open_simulated_backend(state.path).value();
    Conversation conversation(*backend);
    channel::Frame frame = conversation.say(encode(channel::LasHello{"test"}));
    ASSERT_EQ(MessageType::LasTarget, frame.type);
    auto target = channel::decode_las_target(frame.payload.expose()).value();
    sgx::TargetInfo info;
    std::memcpy(&info, target.target_info.data(), sizeof info);
    sgx::FuseKey fuse_key{std::span<const uint8_t, 16>(sgx::kPublicSimulatedFuseKey)};
    sgx::EnclaveIdentity identity;
    identity.attributes = {sgx::kAttributeINIT, sgx::kXfrmLegacy};
    auto report = sgx::make_report({fuse_key, sgx::kSimulatedCpuSvn, sgx::kSimulatedOwnerEpoch},
                                   identity, info, {7}, {})
                      .value();
    channel::QuoteRequest request;
    std::memcpy(request.report.data(), &report, sizeof report);
    frame = conversation.say(encode(request));
    ASSERT_EQ(MessageType::QuoteReply, frame.type);
    auto reply = channel::decode_quote_reply(frame.payload.expose()).value();
    auto quote = attest::verify_simulated_quote(reply.quote, attest::AllowSimulation::Yes,
                                                {.debug_mode = true}, 1'800'000'000);
    ASSERT_TRUE(quote) << quote.error().text;
    EXPECT_EQ(7, quote->report_data()[0]);
    EXPECT_EQ(target.qe_id, quote->qe_id());

    request.report[0] ^= 1;
    frame = conversation.say(encode(request));
    EXPECT_EQ(MessageType::ErrorChain, frame.type);
    EXPECT_TRUE(conversation.open);
}

TEST(QuoteService, EndsConversationsThatBreakTheProtocol) {
    StateFolder state;
    auto backend = open_simulated_backend(state.path).value();
    Conversation unknown(*backend);
    EXPECT_EQ(MessageType::ErrorChain, unknown.say(encode(channel::Lease{})).type);
    EXPECT_FALSE(unknown.open);
    Conversation malformed(*backend);
    EXPECT_EQ(MessageType::ErrorChain,
              malformed.say(channel::encode_frame(MessageType::QuoteRequest, {})).type);
    EXPECT_FALSE(malformed.open);
    Conversation large(*backend);
    std::vector<uint8_t> payload(kMaxRequestSize);
    auto frame = channel::encode_frame(MessageType::LasHello, payload).value();
    EXPECT_EQ(net::Need::Close, large.protocol->feed(frame.expose()).need);
    Conversation greedy(*backend);
    channel::QuoteRequest request;
    for (int i = 0; i < kMaxQuotesPerConnection; i++)
        greedy.say(encode(request));
    EXPECT_TRUE(greedy.open);
    greedy.say(encode(request));
    EXPECT_FALSE(greedy.open);
}

}  // namespace
}  // namespace scone::las
