#include "services/cas/sealed_store.h"

#include <algorithm>

#include "lib/base/endian.h"
#include "lib/crypto/aead.h"
#include "lib/crypto/kdf.h"

namespace scone::cas {
namespace {

using crypto::SecretBytes;
using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr size_t kMaxBatch = 256;

// Bound to every record: its name and its version.
std::vector<uint8_t> associated_data(std::string_view name, uint64_t version) {
    std::vector<uint8_t> out(8 + name.size());
    base::store_le64(out.data(), version);
    base::copy_bytes(base::MutableBytes(out).subspan(8), base::as_bytes(name));
    return out;
}

auto changed_record(const std::string& name) {
    return failure(ExitCode::Integrity, "record '" + name + "' was changed in the database",
                   "reading the database",
                   "put the whole state folder back from its newest backup");
}

}  // namespace

Outcome<SealedStore::Keys> SealedStore::derive_keys(const MasterKey& key) {
    Keys keys;
    bool derived =
        crypto::hkdf_sha256(key.expose(), {}, base::as_bytes("scone-cas record encryption 1"),
                            keys.records.expose_mutable()) &&
        crypto::hkdf_sha256(key.expose(), {}, base::as_bytes("scone-cas record root 1"),
                            keys.root.expose_mutable()) &&
        crypto::hkdf_sha256(key.expose(), {}, base::as_bytes("scone-cas key check 1"), keys.check);
    if (!derived)
        return failure(ExitCode::Failed, "key derivation failed", "opening the database");
    return keys;
}

Outcome<std::unique_ptr<SealedStore>> SealedStore::open(const StateFolder& folder,
                                                        const MasterKey& key) {
    Keys keys = SCONE_TRY(derive_keys(key));
    bool is_new = !folder.has("cas.db");
    if (is_new && folder.has("cas.root"))
        return failure(ExitCode::Integrity, "cas.db is missing, but cas.root is there",
                       "opening the database",
                       "put the whole state folder back from its newest backup");
    std::string path = folder.file("cas.db").string();
    auto writer = SCONE_TRY(SqliteDatabase::open(path, DatabaseUse::ReadWrite));
    auto state = SCONE_TRY(writer.read_state());
    if (!state) {
        // The first start: the root of the empty commit 1 is announced, then stored.
        Digest nothing{};
        Digest root = SCONE_TRY(root_of(keys.root, 1, RecordSum(), 0, nothing));
        SCONE_TRY(RootFile::create(folder.file("cas.root"), keys.root, {1, root}));
        std::vector<uint8_t> check(keys.check.begin(), keys.check.end());
        state = DatabaseState{1, {nothing.begin(), nothing.end()}, check};
        SCONE_TRY(writer.write({}, *state));
    }
    if (!base::equal_in_constant_time(state->key_check, keys.check))
        return failure(ExitCode::InvalidInput, "cas.key is not the key of this database",
                       "opening " + path, "put the right cas.key back from the backup");
    auto reader = SCONE_TRY(SqliteDatabase::open(path, DatabaseUse::ReadOnly));
    auto root_file = SCONE_TRY(RootFile::open(folder.file("cas.root"), keys.root));
    std::unique_ptr<SealedStore> store(new SealedStore(std::move(keys), std::move(writer),
                                                       std::move(reader), std::move(root_file)));
    SCONE_TRY(store->load());
    store->thread_ = std::thread([raw = store.get()] { raw->write_batches(); });
    return store;
}

SealedStore::SealedStore(Keys keys, SqliteDatabase writer, SqliteDatabase reader, RootFile root)
    : keys_(std::move(keys)),
      writer_(std::move(writer)),
      root_file_(std::move(root)),
      reader_(std::move(reader)) {}

SealedStore::~SealedStore() {
    {
        std::lock_guard lock(queue_mutex_);
        closing_ = true;
    }
    queue_filled_.notify_all();
    if (thread_.joinable())
        thread_.join();
}

Outcome<void> SealedStore::load() {
    SCONE_TRY(writer_.each_row([this](const Row& row) -> Outcome<void> {
        if (!crypto::open(keys_.records, row.sealed, associated_data(row.name, row.version)))
            return changed_record(row.name);
        Digest part = SCONE_TRY(record_part(keys_.root, row.name, row.version, row.sealed));
        index_[row.name] = {row.version, part};
        sum_.add(part);
        return {};
    }));
    auto state = SCONE_TRY(writer_.read_state());
    if (!state)
        return failure(ExitCode::Integrity, "the database has no state row");
    root_ = {state->sequence,
             SCONE_TRY(root_of(keys_.root, state->sequence, sum_, index_.size(), state->chain))};
    SCONE_TRY(root_file_.check(root_));
    return root_file_.commit(root_);
}

std::optional<SealedStore::Expected> SealedStore::expected(const std::string& name) {
    std::lock_guard lock(index_mutex_);
    auto stored = index_.find(name);
    if (stored == index_.end())
        return std::nullopt;
    Expected result{stored->second, std::nullopt};
    if (auto incoming = incoming_.find(name); incoming != incoming_.end())
        result.incoming = incoming->second;
    return result;
}

Outcome<std::optional<Record>> SealedStore::get(const std::string& name) {
    // Again when the record changed between the look into the index and the read.
    for (int attempt = 0;; ++attempt) {
        auto known = expected(name);
        if (!known)
            return std::nullopt;
        std::optional<Row> row;
        {
            std::lock_guard lock(read_mutex_);
            row = SCONE_TRY(reader_.read_row(name));
        }
        Digest part{};
        if (row)
            part = SCONE_TRY(record_part(keys_.root, row->name, row->version, row->sealed));
        if (row &&
            (part == known->stored.part || (known->incoming && part == known->incoming->part))) {
            auto value =
                crypto::open(keys_.records, row->sealed, associated_data(row->name, row->version));
            if (!value)
                return changed_record(name);
            return Record{row->version, std::move(*value)};
        }
        if (expected(name) == known || attempt > 100)
            return changed_record(name);
    }
}

uint64_t SealedStore::version_of(const std::string& name) {
    std::lock_guard lock(index_mutex_);
    auto place = index_.find(name);
    return place == index_.end() ? 0 : place->second.version;
}

std::vector<std::string> SealedStore::list(const std::string& prefix) {
    std::lock_guard lock(index_mutex_);
    std::vector<std::string> names;
    for (auto place = index_.lower_bound(prefix);
         place != index_.end() && place->first.starts_with(prefix); ++place)
        names.push_back(place->first);
    return names;
}

Outcome<void> SealedStore::commit(std::vector<RecordChange> changes) {
    Pending pending{std::move(changes)};
    std::unique_lock lock(queue_mutex_);
    if (closing_)
        return failure(ExitCode::Failed, "CAS is stopping");
    queue_.push_back(&pending);
    queue_filled_.notify_one();
    batch_done_.wait(lock, [&] { return pending.done; });
    return std::move(pending.outcome);
}

void SealedStore::write_batches() {
    for (;;) {
        std::vector<Pending*> batch;
        {
            std::unique_lock lock(queue_mutex_);
            queue_filled_.wait(lock, [&] { return closing_ || !queue_.empty(); });
            if (queue_.empty())
                return;
            while (!queue_.empty() && batch.size() < kMaxBatch) {
                batch.push_back(queue_.front());
                queue_.pop_front();
            }
        }
        write_batch(batch);
        {
            std::lock_guard lock(queue_mutex_);
            for (Pending* pending : batch)
                pending->done = true;
        }
        batch_done_.notify_all();
    }
}

void SealedStore::write_batch(std::vector<Pending*>& batch) {
    Index changed;
    std::vector<Row> rows;
    for (Pending* pending : batch) {
        if (broken_)
            pending->outcome = failure(ExitCode::Failed,
                                       "an earlier write to the database failed; nothing is "
                                       "stored any more until CAS is started again");
        else
            pending->outcome = prepare(*pending, changed, rows);
    }
    if (rows.empty())
        return;
    auto stored = store_rows(rows, changed);
    for (Pending* pending : batch) {
        if (!stored && pending->outcome)
            pending->outcome = stored;
    }
}

// Checks the versions, counting what stands earlier in the batch, and seals the new values.
Outcome<void> SealedStore::prepare(Pending& pending, Index& changed, std::vector<Row>& rows) {
    auto current = [&](const std::string& name) {
        auto place = changed.find(name);
        return place != changed.end() ? place->second.version : version_of(name);
    };
    for (const RecordChange& change : pending.changes) {
        uint64_t version = current(change.name);
        if (version != change.expected_version)
            return failure(ExitCode::Conflict, "record '" + change.name + "' has version " +
                                                   std::to_string(version) + ", expected " +
                                                   std::to_string(change.expected_version));
    }
    std::vector<Row> own;
    for (RecordChange& change : pending.changes) {
        if (!change.value)
            continue;
        uint64_t version = change.expected_version + 1;
        auto sealed = crypto::seal(keys_.records, change.value->expose(),
                                   associated_data(change.name, version));
        if (!sealed)
            return failure(ExitCode::Failed, sealed.error().text, "sealing a record");
        own.push_back({change.name, version, std::move(*sealed)});
    }
    for (Row& row : own) {
        changed[row.name] = {row.version,
                             SCONE_TRY(record_part(keys_.root, row.name, row.version, row.sealed))};
        std::erase_if(rows, [&](const Row& earlier) { return earlier.name == row.name; });
        rows.push_back(std::move(row));
    }
    return {};
}

Outcome<void> SealedStore::store_rows(const std::vector<Row>& rows, const Index& changed) {
    RecordSum sum = sum_;
    uint64_t count = 0;
    {
        std::lock_guard lock(index_mutex_);
        count = index_.size();
        for (const auto& [name, known] : changed) {
            auto place = index_.find(name);
            if (place != index_.end())
                sum.remove(place->second.part);
            else
                ++count;
            sum.add(known.part);
        }
    }
    RootFile::Root next{root_.sequence + 1,
                        SCONE_TRY(root_of(keys_.root, root_.sequence + 1, sum, count, root_.root))};
    broken_ = true;
    {
        std::lock_guard lock(index_mutex_);
        incoming_ = changed;
    }
    SCONE_TRY(root_file_.announce(next));
    DatabaseState state{next.sequence,
                        {root_.root.begin(), root_.root.end()},
                        {keys_.check.begin(), keys_.check.end()}};
    SCONE_TRY(writer_.write(rows, state));
    SCONE_TRY(root_file_.commit(next));
    broken_ = false;
    root_ = next;
    sum_ = sum;
    std::lock_guard lock(index_mutex_);
    for (const auto& [name, known] : changed)
        index_[name] = known;
    incoming_.clear();
    return {};
}

}  // namespace scone::cas
