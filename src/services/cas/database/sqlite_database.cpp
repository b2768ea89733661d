#include "services/cas/database/sqlite_database.h"

#include <sqlite3.h>

#include <utility>

#include "lib/base/result.h"

namespace scone::cas {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr int kFormat = 1;
constexpr sqlite3_int64 kMaxSealedSize = 64 * 1024 * 1024;

// A statement that is reset when its use ends, so that it holds no read transaction open.
class Use {
  public:
    explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

  private:
    sqlite3_stmt* statement_;
};

std::vector<uint8_t> column_blob(sqlite3_stmt* statement, int column) {
    const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement, column));
    auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
    return data == nullptr ? std::vector<uint8_t>{} : std::vector<uint8_t>(data, data + size);
}

std::string column_text(sqlite3_stmt* statement, int column) {
    const unsigned char* text = sqlite3_column_text(statement, column);
    auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
    // SAFETY: SQLite hands out text as unsigned characters.
    return text == nullptr ? "" : std::string(reinterpret_cast<const char*>(text), size);
}

int bind_blob(sqlite3_stmt* statement, int place, base::Bytes bytes) {
    return sqlite3_bind_blob64(statement, place, bytes.data(), bytes.size(), SQLITE_STATIC);
}

}  // namespace

Outcome<SqliteDatabase> SqliteDatabase::open(const std::string& path, DatabaseUse use) {
    sqlite3* handle = nullptr;
    int flags = SQLITE_OPEN_NOMUTEX |
                (use == DatabaseUse::ReadOnly ? SQLITE_OPEN_READONLY
                                              : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    int opened = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    SqliteDatabase database(handle, path);
    if (opened != SQLITE_OK)
        return std::unexpected(database.last_failure("opening"));
    sqlite3_busy_timeout(handle, 2000);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    if (use == DatabaseUse::ReadWrite) {
        SCONE_TRY(database.execute("PRAGMA journal_mode=WAL"));
        SCONE_TRY(database.execute("PRAGMA synchronous=FULL"));
        SCONE_TRY(
            database.execute("CREATE TABLE IF NOT EXISTS record("
                             "name TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, "
                             "sealed BLOB NOT NULL) WITHOUT ROWID"));
        SCONE_TRY(
            database.execute("CREATE TABLE IF NOT EXISTS state("
                             "id INTEGER PRIMARY KEY CHECK(id = 0), format INTEGER NOT NULL, "
                             "sequence INTEGER NOT NULL, chain BLOB NOT NULL, "
                             "key_check BLOB NOT NULL)"));
    }
    return database;
}

SqliteDatabase::SqliteDatabase(SqliteDatabase&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      path_(std::move(other.path_)),
      select_row_(std::exchange(other.select_row_, nullptr)),
      upsert_row_(std::exchange(other.upsert_row_, nullptr)),
      write_state_(std::exchange(other.write_state_, nullptr)) {}

SqliteDatabase::~SqliteDatabase() {
    sqlite3_finalize(select_row_);
    sqlite3_finalize(upsert_row_);
    sqlite3_finalize(write_state_);
    sqlite3_close(handle_);
}

text::Failure SqliteDatabase::last_failure(const char* doing) const {
    int code = handle_ != nullptr ? sqlite3_errcode(handle_) : SQLITE_NOMEM;
    text::Failure out{ExitCode::Failed,
                      handle_ != nullptr ? sqlite3_errmsg(handle_) : "no memory",
                      std::string(doing) + " the database " + path_,
                      {}};
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) {
        out.exit_code = ExitCode::Integrity;
        out.next = "put the state folder back from a backup";
    } else if (code == SQLITE_BUSY) {
        out.exit_code = ExitCode::Conflict;
        out.next = "another program holds the database; stop it";
    }
    return out;
}

Outcome<void> SqliteDatabase::execute(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return std::unexpected(last_failure("using"));
    return {};
}

Outcome<sqlite3_stmt*> SqliteDatabase::prepared(sqlite3_stmt*& place, const char* sql) {
    if (place == nullptr && sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &place,
                                               nullptr) != SQLITE_OK)
        return std::unexpected(last_failure("using"));
    return place;
}

Outcome<std::optional<DatabaseState>> SqliteDatabase::read_state() {
    sqlite3_stmt* statement = nullptr;
    SCONE_TRY(prepared(statement, "SELECT format, sequence, chain, key_check FROM state"));
    std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> owner(statement, sqlite3_finalize);
    int step = sqlite3_step(statement);
    if (step == SQLITE_DONE)
        return std::nullopt;
    if (step != SQLITE_ROW)
        return std::unexpected(last_failure("reading"));
    if (sqlite3_column_int(statement, 0) != kFormat)
        return failure(ExitCode::Unsupported,
                       "the database has format " +
                           std::to_string(sqlite3_column_int(statement, 0)) + ", expected 1",
                       "reading the database " + path_, "use the newer scone-cas that wrote it");
    DatabaseState state;
    state.sequence = static_cast<uint64_t>(sqlite3_column_int64(statement, 1));
    state.chain = column_blob(statement, 2);
    state.key_check = column_blob(statement, 3);
    return state;
}

Outcome<std::optional<Row>> SqliteDatabase::read_row(const std::string& name) {
    auto* statement =
        SCONE_TRY(prepared(select_row_, "SELECT name, version, sealed FROM record WHERE name = ?"));
    Use use(statement);
    sqlite3_bind_text(statement, 1, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
    int step = sqlite3_step(statement);
    if (step == SQLITE_DONE)
        return std::nullopt;
    if (step != SQLITE_ROW)
        return std::unexpected(last_failure("reading"));
    return Row{column_text(statement, 0), static_cast<uint64_t>(sqlite3_column_int64(statement, 1)),
               column_blob(statement, 2)};
}

Outcome<void> SqliteDatabase::each_row(const std::function<Outcome<void>(const Row&)>& visit) {
    sqlite3_stmt* statement = nullptr;
    SCONE_TRY(prepared(statement, "SELECT name, version, sealed FROM record ORDER BY name"));
    std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> owner(statement, sqlite3_finalize);
    for (;;) {
        int step = sqlite3_step(statement);
        if (step == SQLITE_DONE)
            return {};
        if (step != SQLITE_ROW)
            return std::unexpected(last_failure("reading"));
        SCONE_TRY(visit(Row{column_text(statement, 0),
                            static_cast<uint64_t>(sqlite3_column_int64(statement, 1)),
                            column_blob(statement, 2)}));
    }
}

Outcome<void> SqliteDatabase::write(const std::vector<Row>& rows, const DatabaseState& state) {
    auto* upsert = SCONE_TRY(prepared(upsert_row_,
                                      "INSERT INTO record(name, version, sealed) VALUES(?, ?, ?) "
                                      "ON CONFLICT(name) DO UPDATE SET version = excluded.version, "
                                      "sealed = excluded.sealed"));
    auto* write_state =
        SCONE_TRY(prepared(write_state_,
                           "INSERT OR REPLACE INTO state(id, format, sequence, chain, key_check) "
                           "VALUES(0, 1, ?, ?, ?)"));
    SCONE_TRY(execute("BEGIN IMMEDIATE"));
    auto give_up = [this] {
        text::Failure reason = last_failure("writing");
        sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
        return std::unexpected(std::move(reason));
    };
    for (const Row& row : rows) {
        Use use(upsert);
        sqlite3_bind_text(upsert, 1, row.name.data(), static_cast<int>(row.name.size()),
                          SQLITE_STATIC);
        sqlite3_bind_int64(upsert, 2, static_cast<sqlite3_int64>(row.version));
        bind_blob(upsert, 3, row.sealed);
        if (static_cast<sqlite3_int64>(row.sealed.size()) > kMaxSealedSize ||
            sqlite3_step(upsert) != SQLITE_DONE)
            return give_up();
    }
    {
        Use use(write_state);
        sqlite3_bind_int64(write_state, 1, static_cast<sqlite3_int64>(state.sequence));
        bind_blob(write_state, 2, state.chain);
        bind_blob(write_state, 3, state.key_check);
        if (sqlite3_step(write_state) != SQLITE_DONE)
            return give_up();
    }
    if (sqlite3_exec(handle_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK)
        return give_up();
    return {};
}

}  // namespace scone::cas
