// Sealed records in SQLite: rows in, rows out. Knows no keys and trusts no row.
//
// Side:    host
// Layout:  table record(name TEXT PRIMARY KEY, version INTEGER, sealed BLOB)
//          table state(id = 0, format INTEGER, sequence INTEGER, chain BLOB, key_check BLOB)
// Errors:  Conflict (another process holds the database), InvalidInput (not a database of ours),
//          Failed
// Threads: one thread at a time for each object
// Source:  docs/formats/cas-store.md
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/text/failure.h"

struct sqlite3;
struct sqlite3_stmt;

namespace scone::cas {

struct DatabaseState {
    uint64_t sequence = 0;           // of the last commit
    std::vector<uint8_t> chain;      // the root before the last commit
    std::vector<uint8_t> key_check;  // tells a wrong key from a changed database
};

struct Row {
    std::string name;
    uint64_t version = 0;
    std::vector<uint8_t> sealed;
};

enum class DatabaseUse : uint8_t { ReadWrite, ReadOnly };

class SqliteDatabase {
  public:
    // ReadWrite makes the file and its tables where they are missing.
    static text::Outcome<SqliteDatabase> open(const std::string& path, DatabaseUse use);
    SqliteDatabase(SqliteDatabase&& other) noexcept;
    ~SqliteDatabase();

    text::Outcome<std::optional<DatabaseState>> read_state();
    text::Outcome<std::optional<Row>> read_row(const std::string& name);
    // Calls `visit` for each row; stops at its first failure.
    text::Outcome<void> each_row(const std::function<text::Outcome<void>(const Row&)>& visit);
    // One transaction, on the disk when it returns. After an error nothing of it is stored, unless
    // the error is that of the last step, the commit itself.
    text::Outcome<void> write(const std::vector<Row>& rows, const DatabaseState& state);

  private:
    SqliteDatabase(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
    text::Outcome<void> execute(const char* sql);
    text::Outcome<sqlite3_stmt*> prepared(sqlite3_stmt*& place, const char* sql);
    text::Failure last_failure(const char* doing) const;

    sqlite3* handle_;
    std::string path_;
    sqlite3_stmt* select_row_ = nullptr;
    sqlite3_stmt* upsert_row_ = nullptr;
    sqlite3_stmt* write_state_ = nullptr;
};

}  // namespace scone::cas
