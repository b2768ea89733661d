#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/flags/help_text.h"
#include "tools/sconify/command_line.h"
#include "tools/sconify/options.h"
#include "tools/sconify/plaintext_check.h"
#include "tools/sconify/session_builder.h"
#include "tools/sconify/session_upload.h"

namespace scone::sconify {
namespace {

using testing::ElementsAre;
using text::ExitCode;

std::optional<std::string> no_variable(std::string_view) {
    return std::nullopt;
}

text::Outcome<Options> options(std::vector<std::string> words) {
    for (const char* word : {"--from=oci:a", "--to=oci:out/b:t", "--binary=/x"})
        words.insert(words.begin(), word);
    const auto parsed = flags::parse_flags(command_table(), words, no_variable);
    if (!parsed)
        return std::unexpected(parsed.error());
    return read_options(*parsed);
}

TEST(ShellWords, AreSplitAsAShellDoes) {
    EXPECT_THAT(*split_shell_words("python3 -B /app/rest_api.py"),
                ElementsAre("python3", "-B", "/app/rest_api.py"));
    EXPECT_THAT(*split_shell_words(R"(exec a 'b c' "d \"e\" \x" f\ g '' )"),
                ElementsAre("a", "b c", "d \"e\" \\x", "f g", ""));
    for (const char* line :
         {"a $B", "a `b`", "a | b", "a; b", "a && b", "a > f", "A=1 b", "a *", "~/a"})
        EXPECT_EQ(split_shell_words(line).error().exit_code, ExitCode::Unsupported) << line;
    EXPECT_EQ(split_shell_words("a 'b").error().exit_code, ExitCode::Usage);
}

TEST(CommandOf, UndoesTheShellForm) {
    auto config = oci::ImageConfig::empty();
    config.command = {"/bin/sh", "-c", "python3 -B /app/rest_api.py"};
    EXPECT_THAT(*command_of(config), ElementsAre("python3", "-B", "/app/rest_api.py"));
    config.entrypoint = {"redis-server"};
    config.command = {"--port", "1"};
    EXPECT_THAT(*command_of(config), ElementsAre("redis-server", "--port", "1"));
}

TEST(Options, EveryExampleOfTheHelpIsAccepted) {
    for (const flags::Example& example : command_table().examples) {
        auto words = *split_shell_words(example.command_line);
        ASSERT_EQ(words[0], "sconify_image");
        words.erase(words.begin());
        const auto parsed = flags::parse_flags(command_table(), words, no_variable);
        ASSERT_TRUE(parsed) << parsed.error().what;
        EXPECT_TRUE(read_options(*parsed));
    }
}

TEST(Options, HaveTheDocumentedDefaults) {
    const auto o = options({});
    ASSERT_TRUE(o) << o.error().what;
    EXPECT_EQ(o->service, "service");
    EXPECT_EQ(o->session, "b");
    EXPECT_EQ(o->las, "localhost:18766");
    EXPECT_EQ(o->heap_size, 1ULL << 30);
    EXPECT_EQ(o->stack_size, 1ULL << 20);
    EXPECT_EQ(o->dlopen, 1U);
    EXPECT_FALSE(o->fork);
    EXPECT_NE(options({})->name_space, o->name_space);
    EXPECT_THAT(
        options({"--host-path=/etc/hosts,/etc/resolv.conf", "--dir=/a/", "--dir=/a"})->host_paths,
        ElementsAre("/etc/hosts", "/etc/resolv.conf"));
}

TEST(CasAddress, MayNameBothPorts) {
    EXPECT_EQ(parse_cas_address("localhost")->api.port, 8081);
    EXPECT_EQ(parse_cas_address("localhost")->enclave, "localhost");
    EXPECT_EQ(parse_cas_address("localhost:9000")->api.port, 9000);
    EXPECT_EQ(parse_cas_address("localhost:9000")->enclave, "localhost");
    EXPECT_EQ(parse_cas_address("h:9000:9001")->enclave, "h:9001");
    EXPECT_FALSE(parse_cas_address("h:9000:99999999"));
}

TEST(Session, HoldsWhatTheImageHadAndMasksItsKey) {
    const auto o = *options({"--allow-debug-mode", "--allow-tcb-vulnerabilities", "--namespace=n"});
    const SessionFacts facts{.command = {"a", "b \"c\" $D: {}"},
                             .environment = {{"X", "1: {2}\n# $3"}},
                             .pwd = "/w",
                             .mrenclave = std::string(64, '1'),
                             .fspf_key = std::string(64, '2'),
                             .fspf_tag = std::string(32, '3')};
    const auto session = build_session(facts, o);
    ASSERT_TRUE(session) << session.error().what;
    EXPECT_THAT(*session, testing::HasSubstr(facts.fspf_key));
    EXPECT_THAT(masked(*session, facts), testing::Not(testing::HasSubstr(facts.fspf_key)));
    const auto next = with_predecessor(*session, std::string(64, 'a'));
    ASSERT_TRUE(next);
    EXPECT_THAT(*next, testing::HasSubstr("predecessor:"));
}

class PlaintextCheckTest : public testing::Test {
  protected:
    void SetUp() override {
        spool_ = *oci::Spool::create();
        check_.emplace(*spool_);
        for (int i = 0; i < 500; ++i)
            secret_ += static_cast<char>('!' + i * 7919 % 90);
        ASSERT_TRUE(check_->add("/secret", *spool_->append(base::as_bytes(secret_))));
    }
    bool found(const std::string& data,
               PlaintextCheck::Public is_public = PlaintextCheck::Public::No) {
        return !check_->scan("data", base::as_bytes(data), is_public);
    }
    std::unique_ptr<oci::Spool> spool_;
    std::optional<PlaintextCheck> check_;
    std::string secret_;
};

TEST_F(PlaintextCheckTest, FindsEveryWindowOf32BytesAnywhere) {
    for (size_t at = 0; at + 32 <= secret_.size(); ++at)
        for (size_t before : {0, 1, 5})
            EXPECT_TRUE(found(std::string(before, '~') + secret_.substr(at, 32) + "~")) << at;
    EXPECT_FALSE(found(std::string(1000, ' ')));
    EXPECT_FALSE(found(secret_.substr(3, 31 - 8)));
}

TEST_F(PlaintextCheckTest, TakesCommonTextInPublicFiles) {
    EXPECT_FALSE(found(secret_.substr(100, 100), PlaintextCheck::Public::Yes));
    EXPECT_TRUE(found("x" + secret_, PlaintextCheck::Public::Yes));
}

}  // namespace
}  // namespace scone::sconify
