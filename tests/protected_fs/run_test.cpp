// Programs in an enclave over protected files, from outside: scone-run with an fspf from the
// environment.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "lib/base/hex.h"
#include "tools/fspf_files/fspf_file.h"

namespace scone {
namespace {

namespace fs = std::filesystem;
using fspf::Backing;
using fspf::Protection;

struct Finished {
    int status = -1;
    std::string out, err;
};

std::string slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
std::string hex(base::Bytes bytes) {
    std::string text(2 * bytes.size(), '0');
    base::hex_encode(bytes, text);
    return text;
}

struct ProtectedRun : testing::Test {
    ProtectedRun() {
        std::string name = (fs::temp_directory_path() / "protected-XXXXXX").string();
        folder = mkdtemp(name.data());
        fs::create_directories(folder / "native/sub");
        std::ofstream(folder / "native/secret") << "the secret\n";
        std::ofstream(folder / "native/sub/large") << std::string(300'000, 'x');
        fs::create_symlink("secret", folder / "native/link");
        file = (folder / "fs.fspf").string();
    }
    ~ProtectedRun() override { fs::remove_all(folder); }

    // The host's root, with `native` shown protected at /protected and memory at /scratch.
    void build(Protection protection) {
        auto fail = [](const auto& outcome) { ASSERT_TRUE(outcome) << outcome.error().what; };
        bool encrypted = protection == Protection::Encrypted;
        stored = encrypted ? folder / "stored" : folder / "native";
        fail(tools::create_fspf(file));
        fail(tools::add_region(file, {"/", Backing::Kernel, Protection::None, "/"}));
        fail(tools::add_region(file, {"/protected", Backing::Kernel, protection, stored}));
        fail(tools::add_region(file, {"/scratch", Backing::Ephemeral, protection, ""}));
        fail(tools::add_files(file, "/protected", folder / "native",
                              encrypted ? stored : fs::path()));
        auto done = tools::encrypt_fspf(file);
        fail(done);
        key = hex(done->key.expose());
        tag = hex(done->tag);
    }
    Finished run(const std::string& script) const {
        std::string out = folder / "out", err = folder / "err";
        pid_t child = fork();
        if (child == 0) {
            setenv("SCONE_FSPF", file.c_str(), 1);
            setenv("SCONE_FSPF_KEY", key.c_str(), 1);
            setenv("SCONE_FSPF_TAG", tag.c_str(), 1);
            if (!freopen(out.c_str(), "w", stdout) || !freopen(err.c_str(), "w", stderr))
                _exit(1);
            execl(SCONE_RUN, "scone-run", "/bin/sh", "-c", script.c_str(), nullptr);
            _exit(127);
        }
        int status = 0;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), slurp(out),
                slurp(err)};
    }

    fs::path folder, stored;
    std::string file, key, tag;
};

TEST_F(ProtectedRun, AProgramReadsItsFiles) {
    for (Protection protection : {Protection::Authenticated, Protection::Encrypted}) {
        fs::remove(file);
        build(protection);
        Finished got = run("read a < /protected/secret; read b < /protected/link; echo \"$a|$b\"");
        EXPECT_EQ(got.status, 0) << got.err;
        EXPECT_EQ(got.out, "the secret|the secret\n");
    }
}

TEST_F(ProtectedRun, AProgramWritesMemoryNotProtectedFiles) {
    build(Protection::Encrypted);
    Finished got =
        run("echo kept > /scratch/x; read a < /scratch/x; echo $a; "
            "if echo no > /protected/secret; then echo written; fi; "
            "if test -e /protected/other; then echo there; fi");
    EXPECT_EQ(got.out, "kept\n") << got.err;
    EXPECT_FALSE(fs::exists("/scratch/x"));
    EXPECT_NE(slurp(stored / "secret"), slurp(folder / "native/secret"));
}

TEST_F(ProtectedRun, AChangedFileEndsTheProgram) {
    for (Protection protection : {Protection::Authenticated, Protection::Encrypted}) {
        fs::remove(file);
        build(protection);
        std::fstream(stored / "secret") << "T";
        Finished got = run("read a < /protected/secret; echo $a");
        EXPECT_EQ(got.status, 134);
        EXPECT_EQ(got.out, "");
        EXPECT_NE(got.err.find("Verification of file chunk 0 (bytes 0 to 10) of file "
                               "/protected/secret failed."),
                  std::string::npos)
            << got.err;
    }
}

TEST_F(ProtectedRun, AnOldFspfIsNotStarted) {
    build(Protection::Encrypted);
    tag[0] = tag[0] == '0' ? '1' : '0';
    Finished got = run("echo started");
    EXPECT_EQ(got.status, 134);
    EXPECT_EQ(got.out, "");
    EXPECT_NE(got.err.find("The FSPF tag is not fresh - suspected replay attack"),
              std::string::npos)
        << got.err;
}

}  // namespace
}  // namespace scone
