// Test support: the real scone-las, started on a port of the kernel's choice.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace scone::test {

class LasProcess {
  public:
    // `fuse_key_file` may be empty. Port 0 when the program did not come up.
    explicit LasProcess(const std::string& state_folder, const std::string& fuse_key_file = {});
    ~LasProcess();
    uint16_t port() const { return port_; }
    // Everything it wrote until it listened.
    const std::string& log() const { return log_; }
    // Sends SIGTERM; the exit status, or -1.
    int stop();

  private:
    pid_t pid_ = -1;
    int log_descriptor_ = -1;
    uint16_t port_ = 0;
    std::string log_;
};

}  // namespace scone::test
