#include "las_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace scone::test {

LasProcess::LasProcess(const std::string& state_folder, const std::string& fuse_key_file) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    pid_ = fork();
    if (pid_ == 0) {
        dup2(ends[1], STDERR_FILENO);
        if (fuse_key_file.empty())
            unsetenv("SCONE_SIM_FUSE_KEY_FILE");
        else
            setenv("SCONE_SIM_FUSE_KEY_FILE", fuse_key_file.c_str(), 1);
        execl(SCONE_LAS_PROGRAM, "scone-las", "--listen=127.0.0.1:0", "--mode=sim", "--state",
              state_folder.c_str(), nullptr);
        _exit(127);
    }
    ::close(ends[1]);
    log_descriptor_ = ends[0];
    const std::string marker = "LAS is listening on 127.0.0.1:";
    for (;;) {
        size_t at = log_.find(marker);
        if (at != std::string::npos && log_.find('\n', at) != std::string::npos) {
            port_ = static_cast<uint16_t>(atoi(log_.c_str() + at + marker.size()));
            return;
        }
        pollfd ready{log_descriptor_, POLLIN, 0};
        char buffer[1024];
        if (poll(&ready, 1, 20'000) <= 0)
            return;
        ssize_t count = read(log_descriptor_, buffer, sizeof buffer);
        if (count <= 0)
            return;
        log_.append(buffer, static_cast<size_t>(count));
    }
}

int LasProcess::stop() {
    if (pid_ <= 0)
        return -1;
    kill(pid_, SIGTERM);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

LasProcess::~LasProcess() {
    bool must_end_well = pid_ > 0 && port_ != 0;
    int status = stop();
    if (must_end_well) {
        EXPECT_EQ(status, 0) << "scone-las, started behind: " << log_;
    }
    if (log_descriptor_ >= 0)
        ::close(log_descriptor_);
}

}  // namespace scone::test
