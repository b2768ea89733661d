#include "services/net/source_limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace scone::net {
namespace {
constexpr size_t kMaxSources = 65'536;
}

bool SourceLimits::admit(const std::string& source, double now) {
    std::lock_guard lock(mutex_);
    if (entries_.size() >= kMaxSources)
        forget_idle();
    if (entries_.size() >= kMaxSources && !entries_.contains(source))
        return false;
    auto [place, is_new] = entries_.try_emplace(source);
    Entry& entry = place->second;
    if (rules_.per_second > 0) {
        double burst = std::max(rules_.burst, 1.0);
        double saved = entry.tokens + (now - entry.updated) * rules_.per_second;
        entry.tokens = is_new ? burst : std::min(burst, saved);
        entry.updated = now;
        if (entry.tokens < 1)
            return false;
        entry.tokens -= 1;
    }
    if (rules_.connections > 0 && entry.open >= rules_.connections)
        return false;
    ++entry.open;
    return true;
}

void SourceLimits::release(const std::string& source) {
    std::lock_guard lock(mutex_);
    auto place = entries_.find(source);
    if (place == entries_.end())
        return;
    --place->second.open;
    if (place->second.open <= 0 && rules_.per_second <= 0)
        entries_.erase(place);
}

void SourceLimits::forget_idle() {
    std::erase_if(entries_, [](const auto& item) { return item.second.open <= 0; });
}

std::string source_of_address(const std::string& address) {
    in6_addr v6{};
    if (inet_pton(AF_INET6, address.c_str(), &v6) != 1)
        return address;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        char text[INET_ADDRSTRLEN] = {};
        inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof text);
        return text;
    }
    std::memset(v6.s6_addr + 8, 0, 8);
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(AF_INET6, &v6, text, sizeof text);
    return std::string(text) + "/64";
}

}  // namespace scone::net
