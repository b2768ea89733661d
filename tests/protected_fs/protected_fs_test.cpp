// The file system that a protected program sees, over an fspf and real files of the host.
#include "runtime/trusted/libos/fs/protected_fs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fake_enclave.h"
#include "lib/aead/host_cpu.h"
#include "runtime/trusted/libos/vfs/vfs.h"
#include "tools/fspf_files/fspf_file.h"

namespace scone::libos {
namespace {

namespace fs = std::filesystem;
using namespace linux_abi;
using fspf::Backing;
using fspf::Protection;

std::string slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string text_of(size_t size) {
    std::string text;
    while (text.size() < size)
        text += "line " + std::to_string(text.size()) + "\n";
    text.resize(size);
    return text;
}

struct ProtectedFsTest : testing::Test {
    ProtectedFsTest() {
        std::string name = (fs::temp_directory_path() / "protected-XXXXXX").string();
        folder = mkdtemp(name.data());
        put("native/lib/python/os.py", text_of(30000));
        put("native/lib/python/empty.py", "");
        put("native/lib/libc.so", text_of(500'000));
        fs::create_symlink("lib", folder / "native/lib64");
        fs::create_symlink("/app/main.py", folder / "native/start");
        fs::create_symlink("loop", folder / "native/loop");
        put("app/main.py", text_of(5000));
        put("app/data/x", "x");
        fs::create_symlink("../lib/python/os.py", folder / "app/up");
        file = (folder / "fs.fspf").string();
        check(tools::create_fspf(file));
        check(tools::add_region(file, {"/", Backing::Kernel, Protection::Authenticated, native()}));
        check(tools::add_region(file, {"/app", Backing::Kernel, Protection::Encrypted, out()}));
        check(tools::add_region(file, {"/tmp", Backing::Ephemeral, Protection::None, ""}));
        check(tools::add_region(file, {"/host", Backing::Kernel, Protection::None, "/"}));
        check(tools::add_files(file, "/", native(), ""));
        check(tools::add_files(file, "/app", (folder / "app").string(), out()));
        auto encrypted = tools::encrypt_fspf(file);
        check(encrypted);
        key = std::move(encrypted->key);
        tag = encrypted->tag;
    }
    ~ProtectedFsTest() override {
        test::mounts.clear();
        fs::remove_all(folder);
    }
    template <class T>
    static void check(const text::Outcome<T>& outcome) {
        ASSERT_TRUE(outcome) << outcome.error().what;
    }
    std::string native() const { return (folder / "native").string(); }
    std::string out() const { return (folder / "encrypted").string(); }
    void put(const char* name, const std::string& text) {
        fs::create_directories((folder / name).parent_path());
        std::ofstream(folder / name) << text;
    }
    void mount() {
        volume = ProtectedVolume::open(aead::host_cipher(), file, key, tag, 4 << 20);
        ASSERT_TRUE(volume);
        ASSERT_TRUE(mount_regions(volume, {
                                              [](std::string_view, std::string_view) {
                                                  return vfs::tree_of("/");  // anything
                                              },
                                              [](std::string_view) { return vfs::tree_of("/"); },
                                          }));
    }

    static Result<Ref<File>> open(std::string_view path, uint32_t flags = kO_RDONLY) {
        Follow follow = flags & kO_NOFOLLOW ? Follow::No : Follow::Yes;
        return vfs::with_tree(path, follow, [&](FileSystem& tree, std::string_view at) {
            return tree.open(at, flags, 0);
        });
    }
    static Result<Stat> stat(std::string_view path, Follow follow = Follow::Yes) {
        Stat out{};
        auto done = vfs::with_tree(path, follow, [&](FileSystem& tree, std::string_view at) {
            return tree.stat(at, follow, out);
        });
        if (!done)
            return std::unexpected(done.error());
        return out;
    }
    static Result<std::string> read(const Ref<File>& from, uint64_t offset, size_t size) {
        std::string text(size, '\0');
        IoBuffer buffer = IoBuffer::of_program(reinterpret_cast<uint64_t>(text.data()), size);
        text.resize(SCONE_TRY(from->read_at(buffer, offset)));
        return text;
    }
    static Result<std::string> read_file(std::string_view path) {
        Ref<File> from = SCONE_TRY(open(path));
        Stat now{};
        SCONE_TRY(from->stat(now));
        return read(from, 0, static_cast<size_t>(now.size) + 100);
    }
    static std::vector<std::string> list(const Ref<File>& directory, size_t buffer_size = 4096) {
        std::vector<std::string> names;
        std::vector<uint8_t> bytes(buffer_size);
        for (;;) {
            IoBuffer buffer = IoBuffer::of_runtime(bytes.data(), bytes.size());
            auto size = directory->read_directory(buffer);
            EXPECT_TRUE(size);
            if (!size || *size == 0)
                return names;
            for (size_t at = 0; at < *size; at += bytes[at + 16] | bytes[at + 17] << 8)
                names.emplace_back(reinterpret_cast<char*>(&bytes[at + 19]));
        }
    }
    template <class T>
    static int errno_of(const Result<T>& result) {
        return result ? 0 : result.error().value;
    }

    fs::path folder;
    std::string file;
    fspf::Key key;
    fspf::Tag tag;
    Ref<ProtectedVolume> volume;
};

TEST_F(ProtectedFsTest, FilesReadAsTheyWereAdded) {
    mount();
    EXPECT_EQ(*read_file("/lib/python/os.py"), text_of(30000));
    EXPECT_EQ(*read_file("/lib/python/empty.py"), "");
    EXPECT_EQ(*read_file("/lib/libc.so"), text_of(500'000));
    EXPECT_EQ(*read_file("/app/main.py"), text_of(5000));
    EXPECT_NE(slurp(folder / "encrypted/main.py"), text_of(5000));
    auto from = open("/lib/libc.so");
    ASSERT_TRUE(from);
    EXPECT_TRUE((*from)->can_map());
    EXPECT_EQ(*read(*from, 123456, 70000), text_of(500'000).substr(123456, 70000));
    EXPECT_EQ(*read(*from, 500'000, 10), "");
    // read() moves the position, seek() sets it.
    char bytes[10];
    IoBuffer buffer = IoBuffer::of_runtime(bytes, sizeof bytes);
    EXPECT_EQ(*(*from)->seek(-10, kSEEK_END), 499'990u);
    EXPECT_EQ(*(*from)->read(buffer), 10u);
    EXPECT_EQ(std::string(bytes, 10), text_of(500'000).substr(499'990));
    EXPECT_EQ(*(*from)->read(buffer), 0u);
}

TEST_F(ProtectedFsTest, LinksLeadOnAlsoIntoOtherRegions) {
    mount();
    EXPECT_EQ(*read_file("/lib64/python/os.py"), text_of(30000));
    EXPECT_EQ(*read_file("/start"), text_of(5000));
    EXPECT_EQ(*read_file("/app/up"), text_of(30000));
    EXPECT_EQ(errno_of(open("/loop")), kELOOP);
    EXPECT_EQ(errno_of(open("/start", kO_NOFOLLOW)), kELOOP);
    EXPECT_EQ(stat("/start", Follow::No)->mode & kS_IFMT, kS_IFLNK);
    EXPECT_EQ(stat("/start")->size, 5000);
    EXPECT_EQ(stat("/lib64/")->mode & kS_IFMT, kS_IFDIR);
    EXPECT_EQ(errno_of(stat("/start/")), kENOTDIR);
    Path target;
    ASSERT_TRUE(vfs::tree_of("/start")->read_link("/start", target));
    EXPECT_EQ(target.view(), "/app/main.py");
    EXPECT_EQ(errno_of(vfs::tree_of("/lib")->read_link("/lib", target)), kEINVAL);
}

TEST_F(ProtectedFsTest, WhatIsNotInTheFspfDoesNotExist) {
    put("native/lib/python/added.py", "evil");
    put("encrypted/added", "evil");
    mount();
    for (const char* path : {"/lib/python/added.py", "/app/added", "/nothing", "/app/nothing/x"}) {
        EXPECT_EQ(errno_of(open(path)), kENOENT) << path;
        EXPECT_EQ(errno_of(stat(path)), kENOENT) << path;
    }
    EXPECT_EQ(errno_of(open("/lib/libc.so/x")), kENOTDIR);
    EXPECT_EQ(errno_of(open("/" + std::string(256, 'x'))), kENAMETOOLONG);
}

TEST_F(ProtectedFsTest, NothingCanBeWritten) {
    mount();
    EXPECT_EQ(errno_of(open("/app/main.py", kO_RDWR)), kEROFS);
    EXPECT_EQ(errno_of(open("/app/main.py", kO_WRONLY)), kEROFS);
    EXPECT_EQ(errno_of(open("/app/new", kO_WRONLY | kO_CREAT)), kEROFS);
    EXPECT_EQ(errno_of(open("/app/main.py", kO_CREAT | kO_EXCL)), kEEXIST);
    EXPECT_EQ(errno_of(open("/app", kO_RDWR)), kEISDIR);
    EXPECT_EQ(errno_of(open("/app/main.py", kO_DIRECTORY)), kENOTDIR);
    EXPECT_TRUE(open("/app/main.py", kO_CREAT));
    EXPECT_EQ(errno_of(vfs::tree_of("/app/x")->remove("/app/x", false)), kEROFS);
}

TEST_F(ProtectedFsTest, DirectoriesList) {
    for (int i = 0; i < 300; ++i)
        put(("many/" + std::to_string(1000 + i)).c_str(), "");
    fs::remove(file);
    check(tools::create_fspf(file));
    check(tools::add_region(file, {"/", Backing::Kernel, Protection::Authenticated, native()}));
    check(tools::add_files(file, "/", (folder / "many").string(), ""));
    auto encrypted = tools::encrypt_fspf(file);
    key = std::move(encrypted->key);
    tag = encrypted->tag;
    mount();
    auto directory = open("/");
    ASSERT_TRUE(directory);
    std::vector<std::string> expected = {".", ".."};
    for (int i = 0; i < 300; ++i)
        expected.push_back(std::to_string(1000 + i));
    EXPECT_EQ(list(*directory), expected);
    EXPECT_EQ(list(*directory), std::vector<std::string>{});
    for (size_t size : {24u, 25u, 100u, 32768u}) {
        ASSERT_EQ(*(*directory)->seek(0, kSEEK_SET), 0u);
        EXPECT_EQ(list(*directory, size), expected) << size;
    }
    ASSERT_TRUE((*directory)->seek(200, kSEEK_SET));
    EXPECT_EQ(list(*directory), std::vector(expected.begin() + 200, expected.end()));
    uint8_t small[8];
    (void)(*directory)->seek(0, kSEEK_SET);
    IoBuffer buffer = IoBuffer::of_runtime(small, sizeof small);
    EXPECT_EQ(errno_of((*directory)->read_directory(buffer)), kEINVAL);
}

TEST_F(ProtectedFsTest, OpenAndStatNeedNoHostCalls) {
    mount();
    (void)read_file("/app/main.py");
    uint64_t before = test::host_calls;
    ASSERT_TRUE(stat("/app/main.py"));
    ASSERT_TRUE(open("/app/main.py"));
    EXPECT_EQ(test::host_calls, before);
    // Kept blocks serve a second open without the host.
    EXPECT_EQ(*read_file("/app/main.py"), text_of(5000));
    EXPECT_EQ(test::host_calls, before);
}

TEST_F(ProtectedFsTest, ABadDestinationIsEfault) {
    mount();
    auto from = open("/app/main.py");
    IoBuffer buffer = IoBuffer::of_program(8, 100);
    EXPECT_EQ(errno_of((*from)->read_at(buffer, 0)), kEFAULT);
}

TEST_F(ProtectedFsTest, AMissingBackingFileIsEio) {
    fs::remove(folder / "encrypted/main.py");
    mount();
    EXPECT_EQ(stat("/app/main.py")->size, 5000);
    EXPECT_EQ(errno_of(read_file("/app/main.py")), kEIO);
}

TEST_F(ProtectedFsTest, ThreadsReadAndListAtOnce) {
    mount();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([] {
            test::enter_thread();
            for (int i = 0; i < 100; ++i) {
                EXPECT_EQ(*read_file("/lib64/python/os.py"), text_of(30000));
                EXPECT_EQ(*read_file("/app/main.py"), text_of(5000));
                EXPECT_EQ(list(*open("/app")).size(), 5u);
            }
        });
    for (auto& thread : threads)
        thread.join();
}

using ProtectedFsDeath = ProtectedFsTest;

TEST_F(ProtectedFsDeath, AChangedFileEndsTheProgramWithTheKnownMessage) {
    for (const char* path : {"encrypted/main.py", "native/lib/libc.so"}) {
        std::fstream changed(folder / path);
        changed.seekp(4500);
        changed.put('!');
    }
    mount();
    EXPECT_EXIT(
        (void)read_file("/app/main.py"), testing::ExitedWithCode(134),
        "Verification of file chunk 1 \\(bytes 4096 to 4999\\) of file /app/main.py failed\\.");
    EXPECT_EXIT(
        (void)read_file("/lib/libc.so"), testing::ExitedWithCode(134),
        "Verification of file chunk 1 \\(bytes 4096 to 8191\\) of file /lib/libc.so failed\\.");
}

TEST_F(ProtectedFsDeath, SwappedAndCutFilesEndTheProgram) {
    fs::rename(folder / "encrypted/data/x", folder / "encrypted/data/y");
    fs::copy(folder / "encrypted/main.py", folder / "encrypted/data/x");
    fs::resize_file(folder / "native/lib/python/os.py", 29999);
    mount();
    EXPECT_EXIT((void)read_file("/app/data/x"), testing::ExitedWithCode(134),
                "Verification of file chunk 0 \\(bytes 0 to 0\\) of file /app/data/x failed\\.");
    EXPECT_EXIT((void)read_file("/lib/python/os.py"), testing::ExitedWithCode(134),
                "Verification of file chunk 7 \\(bytes 28672 to 29999\\)");
}

TEST_F(ProtectedFsDeath, AnOldFspfOrAnotherKeyEndsTheStart) {
    fspf::Tag other = tag;
    other[0] ^= 1;
    EXPECT_EXIT(ProtectedVolume::open(aead::host_cipher(), file, key, other, 4 << 20),
                testing::ExitedWithCode(134),
                "The FSPF tag is not fresh - suspected replay attack");
    fspf::Key wrong;
    EXPECT_EXIT(ProtectedVolume::open(aead::host_cipher(), file, wrong, tag, 4 << 20),
                testing::ExitedWithCode(134), "does not verify with this key");
    EXPECT_EXIT(ProtectedVolume::open(aead::host_cipher(), file + ".no", key, tag, 4 << 20),
                testing::ExitedWithCode(134), "the host does not open it");
}

TEST_F(ProtectedFsDeath, AChangedPageOfTheFspfEndsTheProgram) {
    // The first page holds the block entries of the files.
    std::fstream changed(file);
    changed.seekp(4096 + 2000);
    changed.put('!');
    changed.close();
    mount();
    EXPECT_EXIT((void)read_file("/app/main.py"), testing::ExitedWithCode(134),
                "Verification of page 1 of file system protection file .* failed");
}

}  // namespace
}  // namespace scone::libos
