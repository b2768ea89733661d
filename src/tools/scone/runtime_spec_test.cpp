#include "tools/scone/runtime_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scone::tools {
namespace {

using testing::Contains;
using testing::ElementsAre;

oci::ImageConfig image() {
    oci::ImageConfig out = oci::ImageConfig::empty();
    out.entrypoint = {"/entry"};
    out.command = {"a", "b"};
    out.environment = {"A=1", "PATH=/own"};
    return out;
}

TEST(RuntimeSpec, ArgumentsTakeThePlaceOfTheCommand) {
    EXPECT_THAT(*command_of(image(), {}), ElementsAre("/entry", "a", "b"));
    EXPECT_THAT(*command_of(image(), {.arguments = {"c"}}), ElementsAre("/entry", "c"));
    const auto nothing = command_of(oci::ImageConfig::empty(), {});
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().exit_code, text::ExitCode::InvalidInput);
}

TEST(RuntimeSpec, LaterVariablesReplaceEarlierOnes) {
    ImageUser user;
    user.home = "/home/x";
    EXPECT_THAT(environment_of(image(), {.environment = {"A=2", "B="}}, user),
                ElementsAre("HOME=/home/x", "PATH=/own", "A=2", "B="));
    EXPECT_THAT(environment_of(oci::ImageConfig::empty(), {}, user),
                Contains(testing::StartsWith("PATH=/usr/local/sbin:")));
}

TEST(RuntimeSpec, HasTheHostsNetworkAndNoPowersForUsers) {
    ImageUser user;
    user.uid = 1000;
    const auto spec = runtime_spec(image(), {.init_program = "/init"}, user);
    ASSERT_TRUE(spec);
    std::vector<std::string> namespaces;
    for (const text::Json& one : *spec->find("linux")->find_array("namespaces"))
        namespaces.push_back(*one.find_string("type"));
    EXPECT_THAT(namespaces, ElementsAre("pid", "ipc", "uts", "mount"));
    const text::Json* capabilities = spec->find("process")->find("capabilities");
    EXPECT_TRUE(capabilities->find_array("effective")->empty());
    EXPECT_TRUE(capabilities->find_array("permitted")->empty());
    EXPECT_FALSE(capabilities->find_array("bounding")->empty());
    EXPECT_EQ(capabilities->find("inheritable"), nullptr);
    EXPECT_EQ(*spec->find("process")->find_string("cwd"), "/");
}

}  // namespace
}  // namespace scone::tools
