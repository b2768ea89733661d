// The real scone-cas as a child process, on ports that the kernel chose.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "services/net/cas_client.h"

namespace scone::test {

// A folder that goes with the test.
class TemporaryFolder {
  public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

class CasProcess {
  public:
    // Starts scone-cas and waits until it listens or has ended.
    explicit CasProcess(const std::filesystem::path& state,
                        const std::vector<std::string>& more_options = {});
    CasProcess(const CasProcess&) = delete;
    CasProcess& operator=(const CasProcess&) = delete;
    ~CasProcess();

    bool is_up() const { return api_port_ != 0; }
    uint16_t api_port() const { return api_port_; }
    uint16_t enclave_port() const { return enclave_port_; }
    // stdout and stderr so far.
    std::string output() const;
    // Sends SIGTERM (or another signal) and waits; the exit status, or 128 + signal. In seconds how
    // long it took. What a sanitizer found in it fails the test.
    int stop(int signal = 15);
    double stop_seconds() const { return stop_seconds_; }
    // Processor time that it has used, of all its threads.
    double cpu_seconds() const;

    // A client's options: pins the root that this CAS wrote to its state folder.
    net::TlsClientOptions client(const net::ClientIdentity* identity) const;
    net::TlsClientOptions enclave_client(const net::ClientIdentity* identity) const;

  private:
    int wait_for_end();
    uint16_t port_behind(const std::string& words) const;

    std::filesystem::path state_;
    std::filesystem::path log_;
    pid_t pid_ = -1;
    uint16_t api_port_ = 0;
    uint16_t enclave_port_ = 0;
    double stop_seconds_ = 0;
};

// A self-signed P-256 certificate, as the command line makes one.
net::ClientIdentity make_identity();
std::string key_hash_of(const net::ClientIdentity& identity);

}  // namespace scone::test
