#include "services/cas/audit_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>

namespace scone::cas {
namespace {

namespace fs = std::filesystem;

class AuditLogTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "audit_log_XXXXXX";
        folder_ = mkdtemp(name.data());
    }
    void TearDown() override { fs::remove_all(folder_); }
    fs::path path() const { return folder_ / "audit.log"; }
    text::Outcome<AuditLog> open(std::string_view head = "") {
        return AuditLog::open(path(), key_.share(), head);
    }
    // Three entries; the head after the last.
    std::string write_three() {
        auto log = open();
        EXPECT_TRUE(log);
        EXPECT_TRUE(log->append("started", {}));
        EXPECT_TRUE(log->append("session created", {{"session", "a \"b\"\n"}}));
        EXPECT_TRUE(log->append("exited", {}));
        return log->head();
    }
    std::string content() const {
        std::ostringstream text;
        text << std::ifstream(path()).rdbuf();
        return text.str();
    }
    void replace(const std::string& text) { std::ofstream(path()) << text; }
    text::Outcome<uint64_t> verify() {
        return verify_audit_log(content(), key_.public_key().value());
    }

    fs::path folder_;
    crypto::PrivateKey key_ = crypto::PrivateKey::generate(crypto::NewKey::Ed25519).value();
};

TEST_F(AuditLogTest, ChainsAcrossRestarts) {
    std::string head = write_three();
    auto log = open(head);
    ASSERT_TRUE(log) << log.error().what;
    ASSERT_TRUE(log->append("started", {}));
    EXPECT_EQ(verify().value(), 4u);
}

TEST_F(AuditLogTest, FindsChangedAndMissingEntries) {
    std::string head = write_three();
    std::string whole = content();
    std::string changed = whole;
    changed[changed.find("created") + 1] = 'x';
    replace(changed);
    EXPECT_FALSE(verify());
    size_t second = whole.find('\n') + 1;
    size_t third = whole.find('\n', second) + 1;
    replace(whole.substr(0, second) + whole.substr(third));
    EXPECT_FALSE(verify());
    EXPECT_FALSE(open(head));
    replace(whole.substr(0, third));  // cut at the end: the chain holds, the head does not
    EXPECT_TRUE(verify());
    auto cut = open(head);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().exit_code, text::ExitCode::Integrity);
}

TEST_F(AuditLogTest, DropsAnEntryThatWasHalfWritten) {
    std::string head = write_three();
    std::ofstream(path(), std::ios::app) << "{\"sequence\":4,\"ti";
    auto log = open(head);
    ASSERT_TRUE(log) << log.error().what;
    ASSERT_TRUE(log->append("started", {}));
    EXPECT_EQ(verify().value(), 4u);
}

TEST_F(AuditLogTest, BeginsAgainWhereTheOldFileWasMovedAway) {
    std::string head = write_three();
    fs::remove(path());
    EXPECT_TRUE(open(head));
}

TEST_F(AuditLogTest, AnotherKeyDoesNotFit) {
    write_three();
    auto other = crypto::PrivateKey::generate(crypto::NewKey::Ed25519).value();
    EXPECT_FALSE(verify_audit_log(content(), other.public_key().value()));
}

}  // namespace
}  // namespace scone::cas
