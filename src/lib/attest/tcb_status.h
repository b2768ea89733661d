// TCB statuses and how those of platform, TDX module and quoting enclave become one.
//
// Side:   hosted
// Source: Intel SGX TCB info (PCS API v3, v4); QVL, convergeTcbStatus
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace scone::attest {

enum class TcbStatus : uint8_t {
    UpToDate,
    SWHardeningNeeded,
    ConfigurationNeeded,
    ConfigurationAndSWHardeningNeeded,
    OutOfDate,
    OutOfDateConfigurationNeeded,
    TDRelaunchAdvised,
    TDRelaunchAdvisedConfigurationNeeded,
    Revoked,
};

// As Intel spells it.
const char* name_of(TcbStatus status);
std::optional<TcbStatus> tcb_status_named(std::string_view name);

// The platform's status once an enclave in its trusted base (quoting enclave, TDX module) has one:
// UpToDate changes nothing, OutOfDate makes the whole OutOfDate, Revoked wins.
TcbStatus converge(TcbStatus platform, TcbStatus enclave);

}  // namespace scone::attest
