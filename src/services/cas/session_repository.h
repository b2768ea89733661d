// Sessions by name, parsed, with those in use kept in memory.
//
// Side:    host
// Limits:  keeps 4,096 parsed sessions
// Threads: safe
#pragma once

#include <mutex>
#include <unordered_map>

#include "services/cas/session_record.h"

namespace scone::cas {

class SessionRepository {
  public:
    explicit SessionRepository(Store& store) : store_(store) {}

    // nullptr when there is none. The newest version that was committed before the call.
    text::Outcome<SessionPointer> load(const std::string& name);
    // The change that stores the record in place of `before` (nullptr: the first version).
    static RecordChange change(const SessionRecord& record, const SessionRecord* before);
    // The change that only demands that the session is still as it was read.
    static RecordChange unchanged(const SessionRecord& record);
    // Names directly in the namespace ("/": the top level), without it.
    std::vector<std::string> list(const std::string& name_space);
    // True when there is no session but, perhaps, the root.
    bool empty();
    Store& store() { return store_; }

  private:
    Store& store_;
    std::mutex mutex_;
    std::unordered_map<std::string, SessionPointer> parsed_;
};

// "alias" resolved against the session in whose text it stands; its own text when it cannot be.
std::string resolve_session_name(const std::string& name, const std::string& session);
// True when `session` is `name_space` or lies in it.
bool lies_in_namespace(std::string_view session, std::string_view name_space);

}  // namespace scone::cas
