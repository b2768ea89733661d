// Counts connections and their rate by source, so that one client cannot take all.
//
// Side:    host
// Units:   time in seconds, from any start
// Limits:  remembers 65,536 sources; beyond that, sources without open connections are forgotten
// Threads: safe
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace scone::net {

struct SourceRules {
    int connections = 0;    // at the same time; 0: any number
    double per_second = 0;  // 0: any rate
    double burst = 0;
};

class SourceLimits {
  public:
    explicit SourceLimits(const SourceRules& rules) : rules_(rules) {}

    // True when the source may open one more connection now; release() must follow then.
    bool admit(const std::string& source, double now);
    void release(const std::string& source);

  private:
    struct Entry {
        int open = 0;
        double tokens = 0;
        double updated = 0;
    };
    void forget_idle();

    SourceRules rules_;
    std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
};

// The part of an address that counts as one source: an IPv4 address, the /64 of an IPv6 one.
std::string source_of_address(const std::string& address);

}  // namespace scone::net
