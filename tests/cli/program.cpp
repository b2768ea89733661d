#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace scone::test {
namespace {

namespace fs = std::filesystem;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (const std::string& text : texts)
        out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
}

}  // namespace

std::string read_text(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

fs::path write_text(const fs::path& path, const std::string& text) {
    std::ofstream(path) << text;
    return path;
}

Program::Program(const fs::path& folder, const std::vector<std::string>& words,
                 const std::vector<std::string>& environment) {
    static std::atomic<int> count = 0;
    std::string number = std::to_string(count++);
    out_ = folder / ("out-" + number);
    err_ = folder / ("err-" + number);
    auto arguments = pointers(words);
    auto variables = pointers(environment);
    pid_ = fork();
    if (pid_ != 0)
        return;
    int in = open("/dev/null", O_RDONLY);
    int out = open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int err = open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    execve(arguments[0], arguments.data(), variables.data());
    _exit(127);
}

Program::~Program() {
    if (pid_ > 0) {
        kill(pid_, SIGTERM);
        wait();
    }
}

bool Program::wait_for_output(const std::string& text) {
    for (int i = 0; i < 2000; ++i) {
        if (read_text(out_).find(text) != std::string::npos)
            return true;
        siginfo_t info{};
        if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid == pid_)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

Ended Program::wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_text(out_),
            read_text(err_)};
}

User::User(const fs::path& home) : home_(home) {
    fs::create_directories(home / "tmp");
}

std::vector<std::string> User::environment() const {
    std::vector<std::string> variables{"HOME=" + home_.string(),
                                       "TMPDIR=" + (home_ / "tmp").string(), "PATH=/usr/bin:/bin",
                                       "SCONE_CLI_RETRIES=0"};
    for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"})
        if (const char* options = getenv(name))
            variables.push_back(std::string(name) + "=" + options);
    return variables;
}

Ended User::scone(const std::vector<std::string>& words,
                  const std::vector<std::string>& environment) const {
    std::vector<std::string> all{SCONE_PROGRAM};
    all.insert(all.end(), words.begin(), words.end());
    auto variables = this->environment();
    variables.insert(variables.end(), environment.begin(), environment.end());
    return Program(home_, all, variables).wait();
}

}  // namespace scone::test
