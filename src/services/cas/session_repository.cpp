#include "services/cas/session_repository.h"

#include <algorithm>

#include "lib/policy/session_checks.h"

namespace scone::cas {
namespace {
constexpr size_t kMaxParsed = 4096;
}

text::Outcome<SessionPointer> SessionRepository::load(const std::string& name) {
    std::string record_name = session_record_name(name);
    uint64_t version = store_.version_of(record_name);
    if (version == 0)
        return nullptr;
    {
        std::lock_guard lock(mutex_);
        auto place = parsed_.find(name);
        if (place != parsed_.end() && place->second->version >= version)
            return place->second;
    }
    auto record = SCONE_TRY(store_.get(record_name));
    if (!record)
        return nullptr;
    auto parsed =
        std::make_shared<const SessionRecord>(SCONE_TRY(decode_session_record(name, *record)));
    std::lock_guard lock(mutex_);
    if (parsed_.size() >= kMaxParsed)
        parsed_.erase(parsed_.begin());
    SessionPointer& place = parsed_[name];
    if (!place || place->version < parsed->version)
        place = parsed;
    return parsed;
}

RecordChange SessionRepository::change(const SessionRecord& record, const SessionRecord* before) {
    return {session_record_name(record.session.name), before == nullptr ? 0 : before->version,
            encode(record)};
}

RecordChange SessionRepository::unchanged(const SessionRecord& record) {
    return {session_record_name(record.session.name), record.version, std::nullopt};
}

std::vector<std::string> SessionRepository::list(const std::string& name_space) {
    bool is_root = name_space.empty() || name_space == "/";
    std::string prefix = session_record_name(is_root ? "" : name_space + "/");
    std::vector<std::string> out;
    for (const std::string& record_name : store_.list(prefix)) {
        std::string name = record_name.substr(prefix.size());
        if (!name.empty() && name.find('/') == std::string::npos)
            out.push_back(std::move(name));
    }
    return out;
}

bool SessionRepository::empty() {
    std::vector<std::string> names = store_.list(session_record_name(""));
    return std::ranges::all_of(
        names, [](const std::string& name) { return name == session_record_name("/"); });
}

std::string resolve_session_name(const std::string& name, const std::string& session) {
    return policy::absolute_session_name(name, session).value_or(name);
}

bool lies_in_namespace(std::string_view session, std::string_view name_space) {
    if (name_space == "/" || session == name_space)
        return true;
    return session.size() > name_space.size() && session.starts_with(name_space) &&
           session[name_space.size()] == '/';
}

}  // namespace scone::cas
