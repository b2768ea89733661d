// `scone run`: a tiny image of busybox, run by runc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "program.h"
#include "tools/oci/image_builder.h"

namespace scone::test {
namespace {

namespace fs = std::filesystem;
using oci::EntryKind;
using testing::HasSubstr;

constexpr const char* kBusybox = "/bin/busybox";

struct RunCommand : testing::Test {
    void SetUp() override {
        ASSERT_EQ(geteuid(), 0u) << "running images needs root";
        ASSERT_TRUE(fs::exists(kBusybox)) << "apt-get install busybox-static";
        build();
    }
    void build() {
        auto builder = oci::ImageBuilder::create(
            {oci::Transport::OciLayout, folder.path() / "image", "", "oci:image"});
        ASSERT_TRUE(builder) << builder.error().what;
        auto first =
            builder->add_layer([](oci::LayerWriter& out, oci::LayerBlob&) -> text::Outcome<void> {
                const auto text = [&](const char* path, const std::string& content) {
                    return out.add_file({.path = path}, base::as_bytes(content));
                };
                SCONE_TRY(out.add({.path = "bin", .kind = EntryKind::Directory, .mode = 0755}));
                SCONE_TRY(out.add_file({.path = "bin/busybox", .mode = 0755},
                                       base::as_bytes(read_text(kBusybox))));
                SCONE_TRY(out.add(
                    {.path = "bin/sh", .kind = EntryKind::Hardlink, .target = "bin/busybox"}));
                SCONE_TRY(text("etc/passwd", "web:x:1000:1001::/home/web:/bin/sh\n"));
                SCONE_TRY(text("etc/group", "more:x:77:web\n"));
                SCONE_TRY(text("gone", "x"));
                SCONE_TRY(out.add({.path = "out", .kind = EntryKind::Symlink, .target = "/tmp"}));
                return text("old/gone", "x");
            });
        ASSERT_TRUE(first) << first.error().what;
        auto second =
            builder->add_layer([](oci::LayerWriter& out, oci::LayerBlob&) -> text::Outcome<void> {
                SCONE_TRY(out.add({.path = "gone", .kind = EntryKind::Whiteout}));
                SCONE_TRY(out.add({.path = "old", .kind = EntryKind::OpaqueWhiteout}));
                return out.add_file({.path = "old/secret", .mode = 04640, .uid = 5, .gid = 1001},
                                    base::as_bytes("hello\n"));
            });
        ASSERT_TRUE(second) << second.error().what;
        oci::ImageConfig config = oci::ImageConfig::empty();
        config.user = "web";
        config.working_dir = "/work";
        config.environment = {"PATH=/bin", "A=from-image", "B=kept"};
        config.entrypoint = {"busybox"};
        config.command = {"echo", "default command"};
        ASSERT_TRUE(builder->complete(config, oci::Json::object()));
        ASSERT_TRUE(builder->publish());
    }
    std::string image() const { return "oci:" + (folder.path() / "image").string(); }
    Ended run(std::vector<std::string> words) const {
        std::vector<std::string> all{"run", image(), "--"};
        all.insert(all.end(), words.begin(), words.end());
        return user.scone(all);
    }
    void expect_nothing_left() const { EXPECT_TRUE(fs::is_empty(user.home() / "tmp")); }

    TemporaryFolder folder;
    User user{folder.path() / "user"};
};

TEST_F(RunCommand, RunsAsTheImageSays) {
    Ended plain = user.scone({"run", image()});
    EXPECT_EQ(plain.code, 0) << plain.err;
    EXPECT_EQ(plain.out, "default command\n");
    Ended asked = run({"sh", "-c", "pwd; id -u; id -g; id -G; echo $HOME $A $B; exit 7"});
    EXPECT_EQ(asked.code, 7) << asked.err;
    EXPECT_EQ(asked.out, "/work\n1000\n1001\n1001 77\n/home/web from-image kept\n");
    Ended changed = user.scone(
        {"run", "-e", "A=ours", "--env", "C", image(), "--", "sh", "-c", "echo $A $B $C"},
        {"C=passed on"});
    EXPECT_EQ(changed.out, "ours kept passed on\n");
    expect_nothing_left();
}

TEST_F(RunCommand, LayersAreAppliedInOrderWithOwnersAndModes) {
    Ended ended = run({"sh", "-c",
                       "busybox stat -c '%a %u %g %s' /old/secret; busybox ls /old;"
                       "busybox ls -d /gone; busybox cat /old/secret; busybox readlink /out;"
                       "busybox stat -c %h /bin/sh"});
    EXPECT_EQ(ended.out, "4640 5 1001 6\nsecret\nhello\n/tmp\n2\n");
    EXPECT_THAT(ended.err, HasSubstr("/gone: No such file"));
}

TEST_F(RunCommand, IsInTheHostsNetworkAndItsOwnOtherwise) {
    std::error_code error;
    std::string network = fs::read_symlink("/proc/self/ns/net", error);
    Ended ended = run({"sh", "-c",
                       "busybox readlink /proc/self/ns/net; busybox ps | busybox wc -l;"
                       "echo x > /proc/sys/kernel/hostname || echo refused"});
    EXPECT_THAT(ended.out, testing::StartsWith(network + "\n"));
    EXPECT_THAT(ended.out, HasSubstr("refused"));
}

TEST_F(RunCommand, PassesSignalsOnAndCleansUp) {
    struct Case {
        std::string script;
        int signal, code;
    };
    const Case cases[] = {
        {"echo up; exec busybox sleep 60", SIGTERM, 128 + SIGTERM},
        {"echo up; exec busybox sleep 60", SIGINT, 128 + SIGINT},
        {"trap 'exit 9' TERM; echo up; while :; do busybox sleep 0.05; done", SIGTERM, 9},
    };
    for (const Case& test : cases) {
        Program program(user.home(), {SCONE_PROGRAM, "run", image(), "sh", "-c", test.script},
                        user.environment());
        ASSERT_TRUE(program.wait_for_output("up"));
        auto begin = std::chrono::steady_clock::now();
        kill(program.pid(), test.signal);
        EXPECT_EQ(program.wait().code, test.code) << test.script;
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
        expect_nothing_left();
    }
    EXPECT_EQ(run({"sh", "-c", "kill -KILL $$"}).code, 128 + SIGKILL);
}

TEST_F(RunCommand, CleansUpWhenStoppedBeforeTheStart) {
    Program program(user.home(), {SCONE_PROGRAM, "run", image()}, user.environment());
    kill(program.pid(), SIGTERM);
    int code = program.wait().code;
    EXPECT_TRUE(code == 128 + SIGTERM || code == 0) << code;
    expect_nothing_left();
}

TEST_F(RunCommand, NamesWhatIsWrong) {
    EXPECT_EQ(run({"no-such-applet"}).code, 127);
    EXPECT_EQ(user.scone({"run", "oci:" + (folder.path() / "none").string()}).code, 4);
    EXPECT_EQ(user.scone({"run"}).code, 2);
    EXPECT_EQ(user.scone({"run", "-e", "=x", image()}).code, 2);
    expect_nothing_left();
}

TEST_F(RunCommand, EveryChangedBlobIsRefused) {
    size_t count = 0;
    for (const auto& blob : fs::directory_iterator(folder.path() / "image/blobs/sha256")) {
        std::string whole = read_text(blob);
        std::string changed = whole;
        changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
        write_text(blob, changed);
        Ended ended = user.scone({"run", image()});
        EXPECT_TRUE(ended.code == 8 || ended.code == 3) << blob << ended.code << ended.err;
        EXPECT_EQ(ended.out, "");
        write_text(blob, whole);
        ++count;
    }
    EXPECT_EQ(count, 4u);
    EXPECT_EQ(user.scone({"run", image()}).code, 0);
    expect_nothing_left();
}

}  // namespace
}  // namespace scone::test
