// Test support: a small CAS that verifies quotes as the real one does and hands out one
// configuration.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "lib/attest/simulated_quote.h"
#include "lib/channel/connection.h"
#include "sockets.h"

namespace scone::test {

class CasDouble {
  public:
    CasDouble();
    ~CasDouble();
    uint16_t port() const { return port_; }
    channel::CasPin pin() const;

    // What the last connections did.
    std::vector<std::string> events;
    sgx::ReportBody attested{};
    attest::Tolerances policy{.debug_mode = true};

  private:
    void accept_loop();
    channel::Result<void> serve(Socket& socket);
    channel::Result<void> answer_hello(channel::Connection& connection, const channel::Frame& frame,
                                       bool& is_attested);
    channel::Result<void> answer_configuration(channel::Connection& connection,
                                               const channel::Frame& frame);

    crypto::PrivateKey root_key_;
    crypto::PrivateKey key_;
    crypto::Certificate root_;
    crypto::Certificate leaf_;
    Socket listener_;
    uint16_t port_ = 0;
    std::atomic<bool> ends_ = false;
    std::thread thread_;
};

}  // namespace scone::test
