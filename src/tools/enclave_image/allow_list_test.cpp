#include "tools/enclave_image/allow_list.h"

#include <gtest/gtest.h>

namespace scone::enclave_image {
namespace {

TEST(AllowList, ReadsKindFunctionAndReason) {
    auto list = AllowList::parse("# comment\n\nsyscall  f   it is never called\ncpuid g why");
    ASSERT_TRUE(list);
    ASSERT_EQ(list->entries().size(), 2u);
    const Allowed* allowed = list->find("syscall", "f");
    ASSERT_NE(allowed, nullptr);
    EXPECT_EQ(allowed->reason, "it is never called");
    EXPECT_EQ(list->find("cpuid", "f"), nullptr);
    EXPECT_TRUE(list->entries()[0].used);
    EXPECT_FALSE(list->entries()[1].used);
}

TEST(AllowList, RefusesUnknownKindAndMissingReason) {
    for (const char* text : {"int f reason", "syscall f", "syscall f  ", "syscall"}) {
        const auto list = AllowList::parse(std::string("\n") + text);
        ASSERT_FALSE(list) << text;
        EXPECT_NE(list.error().what.find("line 2"), std::string::npos);
    }
}

}  // namespace
}  // namespace scone::enclave_image
