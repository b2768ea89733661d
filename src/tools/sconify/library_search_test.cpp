#include "tools/sconify/library_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scone::sconify {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using text::ExitCode;

class LibrarySearchTest : public testing::Test {
  protected:
    void SetUp() override { image_.spool = std::move(*oci::Spool::create()); }
    void add(const std::string& path, std::string_view content) {
        const auto extent = image_.spool->append(base::as_bytes(content));
        ASSERT_TRUE(extent);
        ASSERT_TRUE(image_.tree.apply({{.path = path, .content = *extent}}, "layer"));
    }
    void add_library(const std::string& path) {
        add(path,
            "\x7f"
            "ELF" +
                std::string(60, '\0'));
    }
    std::vector<std::string> configured() {
        auto folders = read_loader_folders(image_, elf::LibC::Glibc);
        EXPECT_TRUE(folders) << folders.error().what;
        return folders ? folders->configured : std::vector<std::string>{};
    }
    std::string find(const ElfFacts& by) {
        auto search = LibrarySearch::open(image_, elf::LibC::Glibc, "");
        EXPECT_TRUE(search) << search.error().what;
        return search ? search->find("a.so", by) : "";
    }

    NativeImage image_{};
};

TEST_F(LibrarySearchTest, ReadsIncludesInTheirOrder) {
    add("etc/ld.so.conf",
        "# all\n\tinclude /etc/ld.so.conf.d/*.conf  # more\n/usr/local/lib\r\n  /opt/a/lib \n");
    add("etc/ld.so.conf.d/b.conf", "/b\n");
    add("etc/ld.so.conf.d/a.conf", "/a\n/a/more");
    add("etc/ld.so.conf.d/.hidden.conf", "/hidden\n");
    add("etc/ld.so.conf.d/c.conf.old", "/old\n");
    EXPECT_THAT(configured(), ElementsAre("/a", "/a/more", "/b", "/usr/local/lib", "/opt/a/lib"));
}

// As Fedora and its relatives have it.
TEST_F(LibrarySearchTest, AnIncludeIsBesideTheFileThatItStandsIn) {
    add("etc/ld.so.conf", "include ld.so.conf.d/lib?-*.conf extra/c\n");
    add("etc/ld.so.conf.d/lib1-a.conf", "/a\n");
    add("etc/ld.so.conf.d/other.conf", "/other\n");
    add("etc/extra/c", "include d\n/c\n");
    add("etc/extra/d", "/d\n");
    EXPECT_THAT(configured(), ElementsAre("/a", "/d", "/c"));
}

TEST_F(LibrarySearchTest, AFileThatIncludesItselfIsReadOnce) {
    std::string circle = "/a\n";
    for (int i = 0; i < 1000; ++i)
        circle += "include ld.so.conf\n";
    add("etc/ld.so.conf", circle);
    EXPECT_THAT(configured(), ElementsAre("/a"));
}

TEST_F(LibrarySearchTest, ConfigurationHasLimits) {
    const auto refusal_of = [&](const std::string& content) {
        add("etc/ld.so.conf", content);
        const auto folders = read_loader_folders(image_, elf::LibC::Glibc);
        EXPECT_FALSE(folders);
        return folders ? "" : folders.error().what;
    };
    EXPECT_THAT(refusal_of(std::string(65537, '\n')), HasSubstr("65536 bytes"));
    std::string many, includes;
    for (int i = 0; i < 1025; ++i) {
        many += "/f\n";
        includes += "include x\n";
    }
    EXPECT_THAT(refusal_of(many), HasSubstr("256 folders"));
    EXPECT_THAT(refusal_of(includes), HasSubstr("1024 includes"));
    add("etc/ld.so.conf", "/" + std::string(5000, 'x') + "\n/y\n");
    EXPECT_THAT(configured(), ElementsAre("/y"));
    // Stars do not make it slow.
    add("etc/" + std::string(200, 'a'), "/z\n");
    std::string stars = "include ";
    for (int i = 0; i < 100; ++i)
        stars += "*a";
    add("etc/ld.so.conf", stars + "*b\n" + stars + "\n");
    EXPECT_THAT(configured(), ElementsAre("/z"));
}

TEST_F(LibrarySearchTest, MuslReadsLinesAndColons) {
    add("etc/ld-musl-x86_64.path", "/a:/b\n/c\n");
    EXPECT_THAT(read_loader_folders(image_, elf::LibC::Musl)->own, ElementsAre("/a", "/b", "/c"));
}

TEST_F(LibrarySearchTest, FindsInTheLoadersOrder) {
    add("opt/bin/p", "");
    add("etc/ld.so.conf", "/configured\n");
    add_library("usr/lib/a.so");
    EXPECT_EQ(find({.path = "/bin/p"}), "/usr/lib/a.so");
    add_library("configured/a.so");
    EXPECT_EQ(find({.path = "/bin/p"}), "/configured/a.so");
    add_library("opt/lib/a.so");
    EXPECT_EQ(find({.path = "/opt/bin/p", .rpath = "x:$ORIGIN/../lib"}), "/opt/lib/a.so");
    EXPECT_EQ(find({.path = "/opt/bin/p", .rpath = "/usr/lib", .runpath = "${ORIGIN}/../lib"}),
              "/opt/lib/a.so");
    EXPECT_EQ(find({.path = "/bin/p", .inherited_rpath = "/opt/lib"}), "/opt/lib/a.so");
    EXPECT_EQ(find({.path = "/bin/p", .rpath = "/none", .inherited_rpath = "/opt/lib"}),
              "/configured/a.so");
}

// As the programs of a Java or conda installation ask for it.
TEST_F(LibrarySearchTest, TwoDotsLeadAboveWhatALinkNames) {
    add("opt/v1/bin/p", "");
    add_library("opt/v1/lib64/a.so");
    const auto link = [&](const std::string& path, const std::string& target) {
        oci::Entry entry{.path = path, .kind = oci::EntryKind::Symlink, .target = target};
        ASSERT_TRUE(image_.tree.apply({entry}, "layer"));
    };
    link("opt/v1/lib", "lib64");
    link("usr/bin", "/opt/v1/bin");
    // The last link stays: the loader opens the library through it.
    EXPECT_EQ(find({.path = "/opt/v1/bin/p", .runpath = "$ORIGIN/../lib"}), "/opt/v1/lib/a.so");
    EXPECT_EQ(find({.path = "/p", .runpath = "/usr/bin/../lib"}), "/opt/v1/lib/a.so");
    EXPECT_EQ(find({.path = "/p", .runpath = "/../../opt/v1/./lib"}), "/opt/v1/lib/a.so");
    EXPECT_EQ(find({.path = "/p", .runpath = "/none/../opt/v1/lib"}), "");
    EXPECT_EQ(find({.path = "/p", .runpath = "/opt/v1/bin/p/../../lib"}), "");
}

TEST_F(LibrarySearchTest, AFolderMayBeNamedAsAVariable) {
    add_library("$ORIGIN/${ORIGIN}/a.so");
    EXPECT_EQ(find({.path = "/$ORIGIN/p", .rpath = "$ORIGIN/${ORIGIN}:$ORIGIN/$"}), "");
    add_library("x/$ORIGIN/a.so");
    EXPECT_EQ(find({.path = "/x/$ORIGIN/p", .rpath = "$ORIGIN"}), "/x/$ORIGIN/a.so");
}

}  // namespace
}  // namespace scone::sconify
