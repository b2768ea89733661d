#include "services/cas/sealed_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <atomic>
#include <fstream>

namespace scone::cas {
namespace {

using text::ExitCode;
namespace fs = std::filesystem;

crypto::SecretBytes bytes(std::string_view text) {
    return crypto::SecretBytes(text);
}

class SealedStoreTest : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/sealed_store_XXXXXX";
        path_ = mkdtemp(name);
        auto folder = StateFolder::open(path_ / "state");
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
        key_ = std::move(*folder_->create_key());
        reopen();
    }
    void TearDown() override {
        store_.reset();
        fs::remove_all(path_);
    }
    text::Outcome<void> try_reopen() {
        store_.reset();
        auto opened = SealedStore::open(*folder_, key_);
        if (!opened)
            return std::unexpected(opened.error());
        store_ = std::move(*opened);
        return {};
    }
    void reopen() {
        auto opened = try_reopen();
        ASSERT_TRUE(opened) << opened.error().what;
    }
    text::Outcome<void> put(const std::string& name, uint64_t expected, std::string_view value) {
        std::vector<RecordChange> changes;
        changes.push_back({name, expected, bytes(value)});
        return store_->commit(std::move(changes));
    }
    std::string get(const std::string& name) {
        auto record = store_->get(name);
        if (!record)
            return "error: " + record.error().what;
        return *record ? std::string((*record)->value.expose_text()) : "none";
    }
    void copy_state(const char* to) {
        store_.reset();  // SQLite folds its log into the file
        fs::remove_all(path_ / to);
        fs::create_directory(path_ / to);
        for (const char* name : {"cas.db", "cas.root"})
            fs::copy_file(folder_->file(name), path_ / to / name);
    }
    void put_back(const char* from, const char* name) {
        store_.reset();
        fs::copy_file(path_ / from / name, folder_->file(name),
                      fs::copy_options::overwrite_existing);
    }
    void run_sql(const std::string& sql) {
        store_.reset();
        sqlite3* handle = nullptr;
        ASSERT_EQ(sqlite3_open(folder_->file("cas.db").c_str(), &handle), SQLITE_OK);
        char* message = nullptr;
        EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
            << message;
        sqlite3_close(handle);
    }
    void expect_refused(ExitCode code) {
        auto opened = try_reopen();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().exit_code, code) << opened.error().what;
    }

    fs::path path_;
    std::optional<StateFolder> folder_;
    MasterKey key_;
    std::unique_ptr<SealedStore> store_;
};

TEST_F(SealedStoreTest, KeepsRecordsAcrossRestart) {
    ASSERT_TRUE(put("session/a", 0, "one"));
    ASSERT_TRUE(put("session/a", 1, "two"));
    ASSERT_TRUE(put("session/b", 0, "b"));
    reopen();
    EXPECT_EQ(get("session/a"), "two");
    EXPECT_EQ(get("session/b"), "b");
    EXPECT_EQ(get("session/c"), "none");
    EXPECT_EQ(store_->version_of("session/a"), 2u);
    EXPECT_EQ(store_->list("session/"), (std::vector<std::string>{"session/a", "session/b"}));
}

TEST_F(SealedStoreTest, RefusesAnotherVersionThanExpected) {
    ASSERT_TRUE(put("a", 0, "1"));
    EXPECT_EQ(put("a", 0, "x").error().exit_code, ExitCode::Conflict);
    EXPECT_EQ(put("a", 2, "x").error().exit_code, ExitCode::Conflict);
    EXPECT_EQ(put("b", 1, "x").error().exit_code, ExitCode::Conflict);
    EXPECT_EQ(get("a"), "1");
}

TEST_F(SealedStoreTest, TransactionIsAllOrNothing) {
    ASSERT_TRUE(put("a", 0, "1"));
    std::vector<RecordChange> changes;
    changes.push_back({"b", 0, bytes("b")});
    changes.push_back({"a", 7, std::nullopt});
    EXPECT_EQ(store_->commit(std::move(changes)).error().exit_code, ExitCode::Conflict);
    EXPECT_EQ(get("b"), "none");
}

TEST_F(SealedStoreTest, OneOfManyParallelUpdatesWins) {
    ASSERT_TRUE(put("a", 0, "0"));
    std::atomic<int> wins = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] { wins += put("a", 1, std::to_string(i)) ? 1 : 0; });
    threads.clear();
    EXPECT_EQ(wins, 1);
    EXPECT_EQ(store_->version_of("a"), 2u);
}

TEST_F(SealedStoreTest, ManyWritersShareWrites) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (uint64_t i = 0; i < 20; ++i)
                EXPECT_TRUE(put("r" + std::to_string(t), i, std::to_string(i)));
        });
    }
    threads.clear();
    reopen();
    for (int t = 0; t < 8; ++t)
        EXPECT_EQ(get("r" + std::to_string(t)), "19");
}

TEST_F(SealedStoreTest, ReadsWhileTheRecordIsWritten) {
    ASSERT_TRUE(put("a", 0, "0"));
    std::atomic<bool> is_done = false;
    std::jthread writer([&] {
        for (uint64_t version = 1; version <= 100; ++version)
            EXPECT_TRUE(put("a", version, std::to_string(version)));
        is_done = true;
    });
    uint64_t seen = 0;
    while (!is_done) {
        auto record = store_->get("a");
        ASSERT_TRUE(record) << record.error().what;
        ASSERT_TRUE(*record);
        EXPECT_GE((*record)->version, seen);
        seen = (*record)->version;
        EXPECT_EQ((*record)->value.expose_text(), std::to_string(seen - 1));
    }
}

TEST_F(SealedStoreTest, RefusesRolledBackDatabase) {
    ASSERT_TRUE(put("a", 0, "old"));
    copy_state("backup");
    reopen();
    ASSERT_TRUE(put("a", 1, "new"));
    put_back("backup", "cas.db");
    expect_refused(ExitCode::Integrity);
    EXPECT_NE(try_reopen().error().what.find("rolled back"), std::string::npos);
}

TEST_F(SealedStoreTest, AcceptsWholeStateFromBackup) {
    ASSERT_TRUE(put("a", 0, "old"));
    copy_state("backup");
    reopen();
    ASSERT_TRUE(put("a", 1, "new"));
    put_back("backup", "cas.db");
    put_back("backup", "cas.root");
    reopen();
    EXPECT_EQ(get("a"), "old");
}

TEST_F(SealedStoreTest, RefusesOneChangedByteOfARecord) {
    ASSERT_TRUE(put("a", 0, "value"));
    run_sql(
        "UPDATE record SET sealed = substr(sealed, 1, 20) || "
        "CASE WHEN substr(sealed, 21, 1) = x'00' THEN x'01' ELSE x'00' END || "
        "substr(sealed, 22) WHERE name = 'a'");
    expect_refused(ExitCode::Integrity);
    EXPECT_NE(try_reopen().error().what.find("'a'"), std::string::npos);
}

TEST_F(SealedStoreTest, RefusesOneRecordPutBackOrTakenAway) {
    ASSERT_TRUE(put("a", 0, "old"));
    ASSERT_TRUE(put("b", 0, "b"));
    run_sql("CREATE TABLE kept AS SELECT * FROM record");
    reopen();
    ASSERT_TRUE(put("a", 1, "new"));
    run_sql(
        "UPDATE record SET (version, sealed) = (SELECT version, sealed FROM kept WHERE "
        "name = 'a') WHERE name = 'a'");
    expect_refused(ExitCode::Integrity);
}

TEST_F(SealedStoreTest, RefusesMissingRecord) {
    ASSERT_TRUE(put("a", 0, "a"));
    ASSERT_TRUE(put("b", 0, "b"));
    run_sql("DELETE FROM record WHERE name = 'b'");
    expect_refused(ExitCode::Integrity);
}

TEST_F(SealedStoreTest, RefusesRecordsSwappedUnderTheirNames) {
    ASSERT_TRUE(put("a", 0, "a"));
    ASSERT_TRUE(put("b", 0, "b"));
    run_sql(
        "UPDATE record SET sealed = (SELECT sealed FROM record WHERE name = 'b') "
        "WHERE name = 'a'");
    expect_refused(ExitCode::Integrity);
}

TEST_F(SealedStoreTest, NoticesChangesWhileRunning) {
    ASSERT_TRUE(put("a", 0, "value"));
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(folder_->file("cas.db").c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, "UPDATE record SET version = 9", nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(handle);
    EXPECT_EQ(get("a"), "error: record 'a' was changed in the database");
}

TEST_F(SealedStoreTest, NamesAWrongKey) {
    store_.reset();
    ASSERT_TRUE(crypto::sha256({}).size() == 32);
    MasterKey other;
    auto opened = SealedStore::open(*folder_, other);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().exit_code, ExitCode::InvalidInput);
    EXPECT_NE(opened.error().what.find("cas.key"), std::string::npos);
}

TEST_F(SealedStoreTest, RefusesAMissingPart) {
    copy_state("backup");
    fs::remove(folder_->file("cas.root"));
    expect_refused(ExitCode::Integrity);
    put_back("backup", "cas.root");
    fs::remove(folder_->file("cas.db"));
    expect_refused(ExitCode::Integrity);
}

TEST_F(SealedStoreTest, RefusesASecondUserOfTheFolder) {
    auto second = StateFolder::open(folder_->path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().exit_code, ExitCode::Conflict);
}

TEST_F(SealedStoreTest, KeyFileMustBePrivateAndWhole) {
    fs::permissions(folder_->file("cas.key"), fs::perms(0644));
    EXPECT_EQ(folder_->read_key().error().exit_code, ExitCode::InvalidInput);
    fs::permissions(folder_->file("cas.key"), fs::perms(0600));
    EXPECT_TRUE(*folder_->read_key() == key_);
    std::ofstream(folder_->file("cas.key")) << "abc";
    EXPECT_EQ(folder_->read_key().error().exit_code, ExitCode::InvalidInput);
}

TEST(RecordSum, RemoveUndoesAdd) {
    Digest a = crypto::sha256(base::as_bytes("a"));
    Digest b = crypto::sha256(base::as_bytes("b"));
    RecordSum one;
    one.add(a);
    RecordSum other = one;
    other.add(b);
    EXPECT_FALSE(base::equal_bytes(one.bytes(), other.bytes()));
    other.remove(b);
    EXPECT_TRUE(base::equal_bytes(one.bytes(), other.bytes()));
    other.remove(a);
    EXPECT_TRUE(base::equal_bytes(other.bytes(), RecordSum().bytes()));
}

}  // namespace
}  // namespace scone::cas
