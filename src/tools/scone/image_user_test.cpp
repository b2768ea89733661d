#include "tools/scone/image_user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scone::tools {
namespace {

using testing::ElementsAre;

const std::string kPasswd =
    "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:33:34::/var/www:/bin/sh\n::::::\n"
    "big:x:99999999999:1::/:/x\n";
const std::string kGroup = "root:x:0:\nwww:x:34:\nlog:x:4:daemon,web\nssl:x:5:web\nbad:x:y:web\n";

struct Found {
    uint32_t uid, gid;
    std::string home;
};

TEST(ImageUser, IsFoundByNameAndNumber) {
    const std::pair<const char*, Found> cases[] = {
        {"", {0, 0, "/root"}},
        {"root", {0, 0, "/root"}},
        {"web", {33, 34, "/var/www"}},
        {"33", {33, 34, "/var/www"}},
        {"1000", {1000, 0, "/"}},
        {"web:ssl", {33, 5, "/var/www"}},
        {"1000:1001", {1000, 1001, "/"}},
        {"web:77", {33, 77, "/var/www"}},
    };
    for (const auto& [text, expected] : cases) {
        const auto got = find_image_user(text, kPasswd, kGroup);
        ASSERT_TRUE(got) << text << got.error().what;
        EXPECT_EQ(got->uid, expected.uid) << text;
        EXPECT_EQ(got->gid, expected.gid) << text;
        EXPECT_EQ(got->home, expected.home) << text;
    }
}

TEST(ImageUser, HasItsFurtherGroupsUnlessAGroupIsNamed) {
    EXPECT_THAT(find_image_user("web", kPasswd, kGroup)->more_gids, ElementsAre(4u, 5u));
    EXPECT_THAT(find_image_user("web:34", kPasswd, kGroup)->more_gids, ElementsAre());
    EXPECT_THAT(find_image_user("", "", "")->more_gids, ElementsAre());
}

TEST(ImageUser, UnknownNamesAreErrors) {
    for (const char* text : {"nobody", "web:nobody", "big", "-1", "4294967296", "0x10"}) {
        const auto got = find_image_user(text, kPasswd, kGroup);
        ASSERT_FALSE(got) << text;
        EXPECT_EQ(got.error().exit_code, text::ExitCode::InvalidInput);
    }
}

}  // namespace
}  // namespace scone::tools
