// `scone session` against a real scone-cas: what stands on stdout, what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.h"

namespace scone::test {
namespace {

using testing::HasSubstr;

struct SessionCommand : testing::Test {
    void SetUp() override {
        ASSERT_TRUE(cas.is_up()) << cas.output();
        for (const User* user : {&owner, &stranger})
            ASSERT_EQ(user->scone({"cas", "attest", address(), kPinIt}).code, 0);
    }
    std::string address() const { return "localhost:" + std::to_string(cas.api_port()); }
    std::string file(const std::string& text, const std::string& name = "session.yml") {
        return write_text(folder.path() / name, text);
    }
    static std::string line(const Ended& ended) {
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_THAT(ended.out, testing::ContainsRegex("^[0-9a-f]+\n$"));
        EXPECT_EQ(ended.out.size(), 65u) << ended.out;
        return ended.out;
    }

    TemporaryFolder folder;
    CasProcess cas{folder.path() / "cas"};
    User owner{folder.path() / "owner"};
    User stranger{folder.path() / "stranger"};
    std::string body = "version: \"0.3.10\"\nsecrets: [{name: word, kind: ascii, size: 12}]\n";
};

TEST_F(SessionCommand, PrintsHashesAndSessionsOnly) {
    std::string path = file("name: $NAME\n" + body);
    std::string first = line(owner.scone({"session", "create", path, "-e", "NAME=blender"}));
    EXPECT_EQ(line(owner.scone({"session", "verify", path, "-e", "NAME=blender"})), first);
    std::string read = owner.scone({"session", "read", "blender"}).out;
    EXPECT_THAT(read, testing::StartsWith("---\n"));
    // What was read is a session file again, and is the active one.
    EXPECT_EQ(line(owner.scone({"session", "verify", file(read, "read.yml")})), first);

    // The same with a volume is another session.
    file("name: $NAME\n" + body + "volumes: [{name: data}]\n");
    std::string second =
        line(owner.scone({"session", "update", "--use-env", path}, {"NAME=blender"}));
    EXPECT_NE(second, first);
    EXPECT_EQ(line(owner.scone({"session", "verify", path, "-n", "blender", "-e", "NAME=x"})),
              second);
    Ended outdated = owner.scone({"session", "verify", file(read, "read.yml")});
    EXPECT_EQ(outdated.code, 8);
    EXPECT_EQ(outdated.out, "");
    EXPECT_THAT(outdated.err, HasSubstr(second.substr(0, 64)));
}

TEST_F(SessionCommand, NamesLineAndColumn) {
    struct Case {
        std::string text, message;
        int code;
    };
    const Case cases[] = {
        {"name: a\n" + body + "servces: []\n", ":4:1: unknown key 'servces'", 3},
        {"name: $MISSING\n" + body, ":1:7: Value for variable $MISSING is missing", 3},
        {"name: a\n  b: : c\n", "session.yml:2:4: not YAML", 3},
        {"", "session.yml", 3},
        {"{\"session\": \"x\", \"signatures\": []}", "signed or encrypted", 10},
    };
    for (const Case& wrong : cases) {
        std::string path = file(wrong.text);
        for (const char* command : {"check", "create", "update", "verify", "calculate-hash"}) {
            Ended ended = owner.scone({"session", command, path});
            EXPECT_EQ(ended.code, wrong.code) << wrong.text;
            EXPECT_EQ(ended.out, "");
            EXPECT_THAT(ended.err, HasSubstr(wrong.message));
        }
    }
    EXPECT_EQ(owner.scone({"session", "check", folder.path() / "none.yml"}).code, 4);
    EXPECT_EQ(owner.scone({"session", "check", file("name: a\n" + body), "-e", "X"}).code, 2);
}

TEST_F(SessionCommand, ChecksWithoutCas) {
    cas.stop();
    std::string path = file("name: a\n" + body);
    Ended checked = owner.scone({"session", "check", path});
    EXPECT_EQ(checked.code, 0) << checked.err;
    std::string again = file(checked.out, "again.yml");
    EXPECT_EQ(owner.scone({"session", "check", again}).out, checked.out);
    Ended creator = owner.scone({"session", "calculate-hash", path});
    EXPECT_EQ(creator.code, 3);
    EXPECT_THAT(creator.err, HasSubstr("Cannot calculate session hash!"));
    line(owner.scone({"session", "calculate-hash", path, "--with-self-as-creator", "tls"}));
    Ended down = owner.scone({"session", "create", path});
    EXPECT_EQ(down.code, 5);
    EXPECT_EQ(down.out, "");
    EXPECT_THAT(down.err, HasSubstr(address()));
}

TEST_F(SessionCommand, CalculatesTheHashThatCasStores) {
    std::string path = file("name: a\n" + body);
    std::string hash =
        line(owner.scone({"session", "calculate-hash", path, "--with-self-as-creator=tls"}));
    EXPECT_EQ(line(owner.scone({"session", "create", path})), hash);
}

TEST_F(SessionCommand, RefusesWhatExistsDoesNotExistOrIsForbidden) {
    std::string path = file("name: a\n" + body);
    Ended none = owner.scone({"session", "update", path});
    EXPECT_EQ(none.code, 4);
    EXPECT_THAT(none.err, HasSubstr("scone session create"));
    line(owner.scone({"session", "create", path}));
    Ended twice = owner.scone({"session", "create", path});
    EXPECT_EQ(twice.code, 9);
    EXPECT_EQ(twice.out, "");
    EXPECT_THAT(twice.err, HasSubstr("scone session update"));
    for (const char* command : {"update", "verify", "create"}) {
        Ended ended = stranger.scone({"session", command, path});
        EXPECT_EQ(ended.code, 7) << command << ended.err;
        EXPECT_EQ(ended.out, "");
    }
    EXPECT_EQ(stranger.scone({"session", "read", "a"}).code, 7);
    EXPECT_EQ(owner.scone({"session", "read", "none"}).code, 4);
    // With the owner's identity the stranger may.
    auto identity = (owner.home() / ".cas/config.json").string();
    EXPECT_EQ(stranger.scone({"session", "read", "a", "--identity", identity}).code, 0);
}

TEST_F(SessionCommand, TakesOldSpellingsArgumentFilesAndOutputFiles) {
    std::string path = file("name: a\n" + body);
    std::string words = file("session\ncheck\n" + path + "\n", "words");
    Ended ended = owner.scone({"@" + words});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(owner.scone({"cas", "session", "check", path}).out, ended.out);
    std::string out = folder.path() / "out.yml";
    Ended quiet = owner.scone({"-o", out, "session", "check", path});
    EXPECT_EQ(quiet.out, "");
    EXPECT_EQ(read_text(out), ended.out);
}

}  // namespace
}  // namespace scone::test
