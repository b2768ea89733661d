// What the simulated processor does, seen by a small enclave and from outside.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "lib/aead/cmac.h"
#include "lib/sgx/report.h"

namespace {

using namespace scone;

struct Result {
    int status = 0;  // as waitpid() has it
    std::string out;
    std::string err;

    bool exited_with(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
};

std::string read_all(int descriptor) {
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = read(descriptor, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<size_t>(got));
    close(descriptor);
    return text;
}

Result run(std::vector<const char*> arguments, void (*meanwhile)(pid_t) = nullptr) {
    int out[2], err[2];
    EXPECT_EQ(pipe(out), 0);
    EXPECT_EQ(pipe(err), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], 1);
        dup2(err[1], 2);
        for (int end : {out[0], out[1], err[0], err[1]})
            close(end);
        // A hung run ends by SIGALRM's neighbour that nobody can catch.
        if (fork() == 0) {
            for (int end : {1, 2})
                close(end);
            pid_t watched = getppid();
            for (int i = 0; i < 300 && getppid() == watched; i++)
                usleep(100000);
            if (getppid() == watched)
                kill(watched, SIGKILL);
            _exit(0);
        }
        arguments.insert(arguments.begin(), {TEST_HOST, TEST_ENCLAVE});
        arguments.push_back(nullptr);
        execv(TEST_HOST, const_cast<char**>(arguments.data()));
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    if (meanwhile != nullptr)
        meanwhile(child);
    Result result;
    result.out = read_all(out[0]);
    result.err = read_all(err[0]);
    EXPECT_EQ(waitpid(child, &result.status, 0), child);
    return result;
}

void expect_good(const char* exercise) {
    Result result = run({exercise});
    EXPECT_TRUE(result.exited_with(0)) << exercise << ": status " << result.status << "\n"
                                       << result.err;
    std::fputs(result.err.c_str(), stderr);
}

TEST(SimulatedMachine, EntersServesCallsAndExits) {
    Result result = run({"hello"});
    EXPECT_TRUE(result.exited_with(7)) << result.err;
    EXPECT_EQ(result.out, "hello from the enclave\n");
}

TEST(SimulatedMachine, MeasuresAsTheLibraryDoes) {
    Result result = run({"hello", "--measure"});
    ASSERT_EQ(result.out.size(), 130u) << result.err;
    EXPECT_EQ(result.out.substr(0, 65), result.out.substr(65));
    EXPECT_NE(result.out.find_first_not_of("0\n"), std::string::npos);
}

TEST(SimulatedMachine, RefusesTamperedSigstructs) {
    for (const char* way : {"--tamper-sigstruct", "--tamper-signature"}) {
        Result result = run({"hello", way});
        EXPECT_TRUE(result.exited_with(3));
        EXPECT_NE(result.err.find("EINIT refused the SIGSTRUCT"), std::string::npos) << result.err;
        EXPECT_EQ(result.out, "");
    }
}

TEST(SimulatedMachine, ReportsCarryAMacUnderTheTargetsKey) {
    Result result = run({"report"});
    ASSERT_TRUE(result.exited_with(0)) << result.err;
    ASSERT_EQ(result.out.size(), sizeof(sgx::Report) + 16);
    sgx::Report report;
    std::memcpy(&report, result.out.data(), sizeof report);
    base::ByteArray<16> key;
    std::memcpy(key.data(), result.out.data() + sizeof report, 16);
    EXPECT_TRUE(sgx::verify_report(report, key));
    EXPECT_EQ(report.body.report_data[63], 63);
    EXPECT_EQ(report.body.attributes.flags & 3, 1u);  // INIT, not DEBUG
    report.body.isv_svn ^= 1;
    EXPECT_FALSE(sgx::verify_report(report, key));
}

TEST(SimulatedMachine, FuseKeyMakesAnotherMachine) {
    char path[] = "/tmp/scone-fuse-XXXXXX";
    int file = mkstemp(path);
    ASSERT_EQ(write(file, "0123456789abcdef", 16), 16);
    setenv("SCONE_SIM_FUSE_KEY_FILE", path, 1);
    Result other = run({"report"});
    ASSERT_EQ(write(file, "x", 1), 1);
    Result broken = run({"hello"});
    unsetenv("SCONE_SIM_FUSE_KEY_FILE");
    unlink(path);
    close(file);
    EXPECT_TRUE(broken.exited_with(3));
    ASSERT_EQ(other.out.size(), sizeof(sgx::Report) + 16);
    // The key of the usual machine does not fit.
    Result usual = run({"report"});
    sgx::Report report;
    std::memcpy(&report, other.out.data(), sizeof report);
    base::ByteArray<16> key;
    std::memcpy(key.data(), usual.out.data() + sizeof report, 16);
    EXPECT_FALSE(sgx::verify_report(report, key));
}

TEST(SimulatedMachine, PagesComeAreAcceptedAndGo) {
    expect_good("pages");
}
TEST(SimulatedMachine, SystemCallTrapsAsInvalidOpcodeWithAllRegisters) {
    expect_good("trap");
}
TEST(SimulatedMachine, ExceptionsAreReportedInTheSsa) {
    expect_good("exceptions");
}
TEST(SimulatedMachine, SignalStormLosesNoState) {
    expect_good("storm");
}
TEST(SimulatedMachine, SignalsBesideExceptionsGetTheirEvent) {
    expect_good("prompt");
}
TEST(SimulatedMachine, QueuedSignalsEndInterruptibleCalls) {
    expect_good("interrupt");
}
TEST(SimulatedMachine, ThreadsEnterTheirOwnTcs) {
    expect_good("threads");
}
TEST(SimulatedMachine, UnseenSignalsOfAnEndedThreadGoToAnother) {
    expect_good("orphan");
}
TEST(SimulatedMachine, ProcessesCanBeCloned) {
    expect_good("clone");
}
TEST(SimulatedMachine, NamesAreResolved) {
    expect_good("resolve");
}

TEST(SimulatedMachine, DyingBySignalIsSeenByTheParent) {
    Result result = run({"die"});
    EXPECT_TRUE(WIFSIGNALED(result.status) && WTERMSIG(result.status) == SIGTERM);
}

TEST(SimulatedMachine, ExceptionInAnEventEndsWithAMessage) {
    Result result = run({"nested"});
    EXPECT_TRUE(result.exited_with(134));
    EXPECT_NE(result.err.find("[SCONE|FATAL]"), std::string::npos);
}

TEST(SimulatedMachine, SignalsFromOutsideReachTheEnclave) {
    Result result = run({"wait"}, [](pid_t child) {
        usleep(300000);
        kill(child, SIGTERM);
    });
    EXPECT_TRUE(result.exited_with(15)) << result.status << result.err;
}

TEST(SimulatedMachine, LockedRangeIsOutOfReachWhileOutside) {
    setenv("SCONE_SIM_LOCK_ELRANGE", "1", 1);
    for (const char* exercise : {"trap", "exceptions", "pages", "interrupt", "report"})
        expect_good(exercise);
    Result result = run({"probe"});
    EXPECT_TRUE(result.exited_with(0)) << result.err;
    unsetenv("SCONE_SIM_LOCK_ELRANGE");
    EXPECT_TRUE(run({"probe"}).exited_with(1));
}

}  // namespace
