// A program that a test starts: its words, its output, its end.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cas_process.h"

namespace scone::test {

struct Ended {
    int code = -1;  // exit code, or 128 + signal
    std::string out, err;
};

// In the background, with stdout and stderr in files of `folder`.
class Program {
  public:
    Program(const std::filesystem::path& folder, const std::vector<std::string>& words,
            const std::vector<std::string>& environment);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();

    pid_t pid() const { return pid_; }
    // Waits until `text` stands in stdout; false when the program ended or 20 s passed before.
    bool wait_for_output(const std::string& text);
    Ended wait();

  private:
    std::filesystem::path out_, err_;
    pid_t pid_ = -1;
};

// A user with a home of their own who calls `scone`.
class User {
  public:
    explicit User(const std::filesystem::path& home);
    Ended scone(const std::vector<std::string>& words,
                const std::vector<std::string>& environment = {}) const;
    const std::filesystem::path& home() const { return home_; }
    std::vector<std::string> environment() const;

  private:
    std::filesystem::path home_;
};

std::string read_text(const std::filesystem::path& path);
std::filesystem::path write_text(const std::filesystem::path& path, const std::string& text);

inline const std::string kPinIt = "--only_for_testing-disable-attestation-verification";

}  // namespace scone::test
