// The Store over an untrusted database: every record sealed, all of them under one root, commits of
// several threads gathered into one write.
//
// Side:    host
// Layout:  docs/formats/cas-store.md
// Errors:  those of store.h; at open also InvalidInput (wrong key for this database)
// Threads: safe. One thread writes; get() reads over a connection of its own under read_mutex_.
//          Lock order: index_mutex_ before nothing; queue_mutex_ before nothing.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "services/cas/database/sqlite_database.h"
#include "services/cas/record_root.h"
#include "services/cas/state_folder.h"
#include "services/cas/store.h"

namespace scone::cas {

class SealedStore final : public Store {
  public:
    // Opens cas.db of the folder, or makes it when there is none; then there must be no cas.root
    // either. Every record is authenticated before this returns.
    static text::Outcome<std::unique_ptr<SealedStore>> open(const StateFolder& folder,
                                                            const MasterKey& key);
    ~SealedStore() override;

    text::Outcome<std::optional<Record>> get(const std::string& name) override;
    uint64_t version_of(const std::string& name) override;
    text::Outcome<void> commit(std::vector<RecordChange> changes) override;
    std::vector<std::string> list(const std::string& prefix) override;

  private:
    struct Known {
        uint64_t version = 0;
        Digest part{};
        bool operator==(const Known&) const = default;
    };
    // What the database may hold under a name at this moment.
    struct Expected {
        Known stored;
        std::optional<Known> incoming;
        bool operator==(const Expected&) const = default;
    };
    struct Keys {
        crypto::AeadKey records;
        MacKey root;
        Digest check{};
    };
    struct Pending {
        std::vector<RecordChange> changes;
        text::Outcome<void> outcome = {};
        bool done = false;
    };
    using Index = std::map<std::string, Known>;

    SealedStore(Keys keys, SqliteDatabase writer, SqliteDatabase reader, RootFile root);
    static text::Outcome<Keys> derive_keys(const MasterKey& key);
    text::Outcome<void> load();
    std::optional<Expected> expected(const std::string& name);
    void write_batches();
    void write_batch(std::vector<Pending*>& batch);
    text::Outcome<void> store_rows(const std::vector<Row>& rows, const Index& changed);
    text::Outcome<void> prepare(Pending& pending, Index& changed, std::vector<Row>& rows);

    Keys keys_;
    SqliteDatabase writer_;  // only the writing thread
    RootFile root_file_;     // only the writing thread
    RootFile::Root root_;    // only the writing thread
    RecordSum sum_;          // only the writing thread
    bool broken_ = false;    // only the writing thread: a commit failed half-way

    std::mutex read_mutex_;
    SqliteDatabase reader_;
    std::mutex index_mutex_;
    Index index_;
    Index incoming_;  // of the batch that is being written: its rows may be there already
    std::mutex queue_mutex_;
    std::condition_variable queue_filled_;
    std::condition_variable batch_done_;
    std::deque<Pending*> queue_;
    bool closing_ = false;
    std::thread thread_;
};

}  // namespace scone::cas
