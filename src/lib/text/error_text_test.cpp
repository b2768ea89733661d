#include "lib/text/error_text.h"

#include <gtest/gtest.h>

namespace scone::text {
namespace {

TEST(ErrorText, IsThreeLinesAtMost) {
    const Failure failure{ExitCode::NotFound, "no image\n'a'\x1b", "reading", "pull it"};
    EXPECT_EQ(error_text("tool", failure, Colour::Never),
              "tool: no image 'a'?\n  while: reading\n  try:   pull it");
    EXPECT_EQ(error_text("tool",
                         {ExitCode::Failed,
                          "a\xc2\x9b"
                          "b\xd3 \xc5\x91",
                          "", ""},
                         Colour::Never),
              "tool: a?b\xef\xbf\xbd \xc5\x91");
}

}  // namespace
}  // namespace scone::text
