#include "lib/attest/platform_cache.h"

namespace scone::attest {

std::shared_ptr<const CheckedPlatform> PlatformCache::find(const Key& key, int64_t time) const {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(key);
    if (found == entries_.end() || !found->second->window.holds(time))
        return nullptr;
    return found->second;
}

void PlatformCache::keep(const Key& key, std::shared_ptr<const CheckedPlatform> platform) {
    std::lock_guard lock(mutex_);
    if (auto [place, is_new] = entries_.insert_or_assign(key, std::move(platform)); !is_new)
        return;
    by_age_.push_back(key);
    if (by_age_.size() > kMaxEntries) {
        entries_.erase(by_age_.front());
        by_age_.pop_front();
    }
}

size_t PlatformCache::size() const {
    std::lock_guard lock(mutex_);
    return entries_.size();
}

}  // namespace scone::attest
