#include "services/cas/audit_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

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

// All but the end of its line was written.
TEST_F(AuditLogTest, GoesOnBehindAnEntryWithoutItsEnd) {
    std::string head = write_three();
    std::string whole = content();
    ASSERT_TRUE(whole.ends_with('\n'));
    replace(whole.substr(0, whole.size() - 1));
    {
        auto log = open(head);
        ASSERT_TRUE(log) << log.error().what;
        ASSERT_TRUE(log->append("started", {}));
        head = log->head();
    }
    EXPECT_TRUE(open(head));
    EXPECT_EQ(verify().value(), 4u);
}

TEST_F(AuditLogTest, NothingStandsBehindASignature) {
    write_three();
    const std::string whole = content();
    for (const char* more : {",\"event\":\"x\"}", ",\"note\":\"x\"}", " }"}) {
        replace(whole.substr(0, whole.size() - 2) + more + "\n");
        EXPECT_FALSE(verify()) << more;
        EXPECT_FALSE(open()) << more;
    }
}

TEST_F(AuditLogTest, RefusesALineAboveTheLimit) {
    std::string head = write_three();
    {
        auto log = open(head);
        ASSERT_TRUE(log);
        const std::string field(1 << 20, 'x');
        EXPECT_FALSE(log->append("event", {{"field", field}}));
        EXPECT_TRUE(log->append("event", {{"field", std::string_view(field).substr(4096)}}));
    }
    EXPECT_EQ(verify().value(), 4u);
    std::ofstream(path(), std::ios::app) << std::string(2 << 20, ' ') << "\n";
    EXPECT_FALSE(open());
    EXPECT_FALSE(verify());
}

TEST_F(AuditLogTest, LeavesNoPartOfAnEntryWhereTheDiskIsFull) {
    std::string head = write_three();
    auto log = open(head);
    ASSERT_TRUE(log);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    auto old_handler = signal(SIGXFSZ, SIG_IGN);
    const rlimit full{fs::file_size(path()) + 10, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &full);
    EXPECT_FALSE(log->append("started", {}));
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, old_handler);
    EXPECT_TRUE(log->append("started", {}));
    EXPECT_EQ(verify().value(), 4u);
    EXPECT_TRUE(open(head));
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
