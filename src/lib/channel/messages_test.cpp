#include "lib/channel/messages.h"

#include <gtest/gtest.h>

#include "lib/base/endian.h"
#include "lib/channel/tlv.h"

namespace scone::channel {
namespace {

// The payload of a whole frame.
SecretBytes payload_of(Result<SecretBytes> encoded, MessageType type) {
    FrameReader reader;
    reader.push(encoded.value().expose());
    Frame frame = reader.next().value().value();
    EXPECT_EQ(type, frame.type);
    EXPECT_FALSE(reader.holds_part_of_a_frame());
    return std::move(frame.payload);
}

ProtectedTree tree(const char* path) {
    ProtectedTree tree;
    tree.fspf_path = path;
    tree.key.expose_mutable()[5] = 7;
    tree.tag = ByteArray<16>{1, 2, 3};
    tree.rollback = RollbackPolicy::NoProtection;
    return tree;
}

Configuration full_configuration() {
    Configuration sent;
    sent.arguments.emplace_back(std::string_view("python3"));
    sent.arguments.emplace_back(std::string_view("@@1"));
    sent.environment.push_back({"LANG", SecretBytes(std::string_view("C=x"))});
    sent.working_directory = "/app";
    sent.root = tree("/fspf/fs.fspf");
    sent.volumes.push_back({"data", "/data", tree("/data/volume.fspf")});
    sent.injected_files.push_back({"/etc/key", SecretBytes(Bytes(ByteArray<3>{0, 1, 2})), 0400});
    sent.secrets.push_back({"tls",
                            "x509",
                            SecretBytes(std::string_view("cert")),
                            SecretBytes(std::string_view("key")),
                            {}});
    sent.templates.push_back({"/etc/app.conf", 0440});
    sent.runtime_settings.push_back({"SCONE_ALLOW_DLOPEN", "1"});
    sent.session_hash = "00ff";
    return sent;
}

TEST(Messages, ConfigurationArrivesAsItWasSent) {
    SecretBytes payload = payload_of(encode(full_configuration()), MessageType::Configuration);
    Configuration got = decode_configuration(payload.expose()).value();
    ASSERT_EQ(2u, got.arguments.size());
    EXPECT_EQ("@@1", got.arguments[1].expose_text());
    EXPECT_EQ("LANG", got.environment.at(0).name);
    EXPECT_EQ("C=x", got.environment.at(0).value.expose_text());
    EXPECT_EQ("/app", got.working_directory);
    ASSERT_TRUE(got.root);
    EXPECT_EQ(7, got.root->key.expose()[5]);
    EXPECT_EQ(3, got.root->tag.value()[2]);
    EXPECT_EQ(RollbackPolicy::NoProtection, got.root->rollback);
    EXPECT_EQ("/data", got.volumes.at(0).mount_path);
    EXPECT_EQ("/data/volume.fspf", got.volumes.at(0).tree.fspf_path);
    EXPECT_EQ(3u, got.injected_files.at(0).content.size());
    EXPECT_EQ(0400u, got.injected_files.at(0).mode);
    EXPECT_EQ("/etc/app.conf", got.templates.at(0).path);
    EXPECT_EQ(0440u, got.templates.at(0).mode);
    EXPECT_EQ("key", got.secrets.at(0).private_key.expose_text());
    EXPECT_TRUE(got.secrets.at(0).chain.empty());
    EXPECT_EQ("SCONE_ALLOW_DLOPEN", got.runtime_settings.at(0).name);
    EXPECT_EQ("00ff", got.session_hash);
}

TEST(Messages, ConfigurationCutOffAnywhereIsRefusedOrSmaller) {
    SecretBytes payload = payload_of(encode(full_configuration()), MessageType::Configuration);
    for (size_t size = 0; size < payload.size(); size++)
        EXPECT_FALSE(decode_configuration(payload.expose().first(size)).has_value());
}

TEST(Messages, ConfigurationRefusesWhatProgramsCannotTake) {
    auto refused = [](auto change) {
        Configuration sent = full_configuration();
        change(sent);
        SecretBytes payload = payload_of(encode(sent), MessageType::Configuration);
        auto got = decode_configuration(payload.expose());
        return got ? ErrorCode::Library : got.error().code;
    };
    EXPECT_EQ(ErrorCode::Malformed, refused([](Configuration& c) {
                  c.arguments.emplace_back(std::string_view("a\0b", 3));
              }));
    EXPECT_EQ(ErrorCode::Malformed,
              refused([](Configuration& c) { c.environment.push_back({"A=B", {}}); }));
    EXPECT_EQ(ErrorCode::Malformed, refused([](Configuration& c) { c.working_directory = "app"; }));
    EXPECT_EQ(ErrorCode::Malformed,
              refused([](Configuration& c) { c.injected_files[0].mode = 04755; }));
    EXPECT_EQ(ErrorCode::Malformed,
              refused([](Configuration& c) { c.templates.push_back({"/a", 04755}); }));
    EXPECT_EQ(ErrorCode::Malformed,
              refused([](Configuration& c) { c.templates.push_back({"relative", 0400}); }));
    EXPECT_EQ(ErrorCode::TooLarge, refused([](Configuration& c) {
                  for (size_t i = 0; i <= kMaxListCount; i++)
                      c.arguments.emplace_back();
              }));
}

TEST(Messages, LasMessagesArriveAsTheyWereSent) {
    LasTarget target{QuoteKind::Dcap, {}, {}, "scone-las 1"};
    target.target_info[511] = 9;
    target.qe_id[0] = 4;
    SecretBytes payload = payload_of(encode(target), MessageType::LasTarget);
    LasTarget got = decode_las_target(payload.expose()).value();
    EXPECT_EQ(QuoteKind::Dcap, got.kind);
    EXPECT_EQ(9, got.target_info[511]);
    EXPECT_EQ(4, got.qe_id[0]);
    QuoteRequest request;
    request.report[431] = 3;
    payload = payload_of(encode(request), MessageType::QuoteRequest);
    EXPECT_EQ(3, decode_quote_request(payload.expose())->report[431]);
    payload = payload_of(encode(LasHello{"test"}), MessageType::LasHello);
    EXPECT_EQ("test", decode_las_hello(payload.expose())->client);
}

TEST(Messages, HelloNeedsOneToFourQuotes) {
    EnclaveHello hello;
    hello.runtime = "test";
    SecretBytes payload = payload_of(encode(hello), MessageType::EnclaveHello);
    EXPECT_EQ(ErrorCode::MissingField, decode_enclave_hello(payload.expose()).error().code);
    hello.quotes.resize(4);
    hello.quotes[3].quote = {1, 2, 3};
    payload = payload_of(encode(hello), MessageType::EnclaveHello);
    EXPECT_EQ(3u, decode_enclave_hello(payload.expose())->quotes[3].quote.size());
    hello.quotes.resize(5);
    payload = payload_of(encode(hello), MessageType::EnclaveHello);
    EXPECT_EQ(ErrorCode::TooLarge, decode_enclave_hello(payload.expose()).error().code);
}

TEST(Messages, UnknownFieldsAreRefusedUnlessOptional) {
    TlvWriter fields;
    fields.text(1, "client");
    fields.text(kOptionalTag | 7, "from the future");
    EXPECT_EQ("client", decode_las_hello(fields.payload())->client);
    fields.text(7, "must be understood");
    EXPECT_EQ(ErrorCode::UnknownField, decode_las_hello(fields.payload()).error().code);
    TlvWriter twice;
    twice.text(1, "a");
    twice.text(1, "b");
    EXPECT_EQ(ErrorCode::Malformed, decode_las_hello(twice.payload()).error().code);
    EXPECT_EQ(ErrorCode::MissingField, decode_las_hello({}).error().code);
}

TEST(Frame, IsReadInPiecesOfAnySize) {
    SecretBytes bytes = encode(LasHello{"one"}).value();
    bytes.append(encode(Lease{}).value().expose());
    FrameReader reader;
    std::vector<MessageType> types;
    for (uint8_t byte : bytes.expose()) {
        reader.push({&byte, 1});
        while (auto frame = reader.next().value())
            types.push_back(frame->type);
    }
    EXPECT_EQ((std::vector{MessageType::LasHello, MessageType::Lease}), types);
}

TEST(Frame, RefusesSizesAndVersionsOutsideTheProtocol) {
    auto read = [](std::initializer_list<uint8_t> bytes, size_t largest = kMaxFrameSize) {
        FrameReader reader(largest);
        reader.push(Bytes(bytes.begin(), bytes.size()));
        auto frame = reader.next();
        return frame ? ErrorCode::Library : frame.error().code;
    };
    EXPECT_EQ(ErrorCode::Malformed, read({3, 0, 0, 0}));
    EXPECT_EQ(ErrorCode::TooLarge, read({1, 0, 0x80, 0}));
    EXPECT_EQ(ErrorCode::TooLarge, read({0, 1, 0, 0}, 255));
    EXPECT_EQ(ErrorCode::WrongVersion, read({4, 0, 0, 0, 1, 0, 2, 0}));
    std::vector<uint8_t> large(kMaxFrameSize);
    EXPECT_EQ(ErrorCode::TooLarge, encode_frame(MessageType::Lease, large).error().code);
}

TEST(ErrorChain, IsPrintedWithoutControlCharacters) {
    ErrorChain chain;
    chain.add("DCAP quote verification failed").add("inner\x1b[31m", 1);
    chain.causes.push_back({CauseKind::Item, 1, "Error 1 of 1: x"});
    chain.causes.push_back({CauseKind::Note, 0, "add `tolerate: [debug-mode]`"});
    SecretBytes payload = payload_of(encode(chain), MessageType::ErrorChain);
    EXPECT_EQ(
        "  Caused by: DCAP quote verification failed\n"
        "    Caused by: inner?[31m\n"
        "    Error 1 of 1: x\n"
        "  Note: add `tolerate: [debug-mode]`\n",
        print_error_chain(decode_error_chain(payload.expose()).value()));
    EXPECT_EQ(ErrorCode::MissingField, decode_error_chain({}).error().code);
}

}  // namespace
}  // namespace scone::channel
