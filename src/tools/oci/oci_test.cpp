#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "tools/oci/docker_archive.h"
#include "tools/oci/file_tree.h"
#include "tools/oci/image_builder.h"

namespace scone::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TextSource : public ByteSource {
  public:
    explicit TextSource(std::string text, size_t step = 7777)
        : text_(std::move(text)), step_(step) {}
    Outcome<size_t> read(MutableBytes out) override {
        const size_t count = std::min({out.size(), step_, text_.size() - at_});
        base::copy_bytes(out, base::as_bytes(text_).subspan(at_, count));
        at_ += count;
        return count;
    }

  private:
    std::string text_;
    size_t step_;
    size_t at_ = 0;
};

class TextSink : public ByteSink {
  public:
    explicit TextSink(std::string& out) : out_(out) {}
    Outcome<void> write(Bytes data) override {
        out_ += base::as_text(data);
        return {};
    }
    Outcome<void> finish() override { return {}; }

  private:
    std::string& out_;
};

// Of this process alone, and gone with it.
class Folder {
  public:
    Folder() {
        if (::mkdtemp(path_.data()) == nullptr)
            std::abort();
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

  private:
    std::string path_ = testing::TempDir() + "/oci-test-XXXXXX";
};

const std::string& temp_folder() {
    static const Folder folder;
    return folder.path();
}
std::string temp(const char* name) {
    return temp_folder() + "/" + name;
}

std::string random_text(size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string out(size, 0);
    for (char& c : out)
        c = static_cast<char>(random());
    return out;
}

TEST(Gzip, StoredAndCompressedPartsReadBack) {
    std::string packed, plain;
    GzipSink sink(std::make_unique<TextSink>(packed));
    std::mt19937 random(1);
    for (int part = 0; part < 40; ++part) {
        const bool store = part % 3 == 1;
        ASSERT_TRUE(sink.set_packing(store ? Packing::Store : Packing::Compress));
        const std::string piece =
            store ? random_text(random() % 200'000, random())
                  : std::string(random() % 300'000, static_cast<char>('a' + part));
        ASSERT_TRUE(sink.write(base::as_bytes(piece)));
        plain += piece;
    }
    ASSERT_TRUE(sink.finish());
    GzipSource source(std::make_unique<TextSource>(packed + packed), "test");
    const auto back = read_all(source, 1 << 30, "test");
    ASSERT_TRUE(back) << back.error().what;
    EXPECT_TRUE(*back == plain + plain);
    std::ofstream(temp("gz")) << packed;
    EXPECT_EQ(std::system(("gzip -t < " + temp("gz")).c_str()), 0);
}

TEST(Gzip, DamageIsNoticed) {
    std::string packed;
    GzipSink sink(std::make_unique<TextSink>(packed));
    ASSERT_TRUE(sink.write(base::as_bytes("some text, some text, some text")));
    ASSERT_TRUE(sink.finish());
    for (size_t size = 0; size < packed.size(); ++size) {
        GzipSource cut(std::make_unique<TextSource>(packed.substr(0, size)), "cut");
        const auto back = read_all(cut, 1000, "cut");
        EXPECT_EQ(back.has_value(), size == 0) << size;
    }
    std::string changed = packed;
    changed[packed.size() - 6] = static_cast<char>(changed[packed.size() - 6] ^ 1);
    GzipSource source(std::make_unique<TextSource>(changed), "changed");
    EXPECT_FALSE(read_all(source, 1000, "changed"));
}

TEST(NormalPath, StaysInsideTheRoot) {
    EXPECT_EQ(normal_path("./a//b/./c/"), "a/b/c");
    EXPECT_EQ(normal_path("/a"), "a");
    EXPECT_EQ(normal_path("."), "");
    EXPECT_FALSE(normal_path("a/../b"));
    EXPECT_FALSE(normal_path(".."));
    EXPECT_FALSE(normal_path(std::string_view("a\0b", 3)));
    EXPECT_FALSE(normal_path(std::string(5000, 'a')));
    EXPECT_TRUE(is_within("a/b", "a") && is_within("a", "a") && !is_within("ab", "a"));
}

std::vector<Entry> sample_layer(Spool& spool) {
    const Extent hello = *spool.append(base::as_bytes("hello"));
    return {{.path = "etc", .kind = EntryKind::Directory, .mode = 0755},
            {.path = "etc/Főtanúsítvány.crt",
             .mode = 0640,
             .uid = 5,
             .gid = 1'234'567,
             .mtime = 99,
             .content = hello},
            {.path = "etc/link",
             .kind = EntryKind::Symlink,
             .mode = 0777,
             .target = "../etc/Főtanúsítvány.crt"},
            {.path = "etc/hard", .kind = EntryKind::Hardlink, .target = "etc/Főtanúsítvány.crt"},
            {.path = std::string(200, 'd') + "/" + std::string(200, 'f'),
             .mode = 04755,
             .xattrs = {{"security.capability", std::string("\1\0\0\2x", 5)}},
             .content = hello},
            {.path = "dev/null",
             .kind = EntryKind::CharacterDevice,
             .mode = 0666,
             .device_major = 1,
             .device_minor = 3},
            {.path = "gone", .kind = EntryKind::Whiteout},
            {.path = "folder", .kind = EntryKind::OpaqueWhiteout}};
}

std::string tar_of(const std::vector<Entry>& entries, const Spool& spool) {
    std::string out;
    TextSink sink(out);
    auto writer = *LayerWriter::open(sink);
    for (const Entry& entry : entries)
        EXPECT_TRUE(entry.kind == EntryKind::Regular ? writer->add_file(entry, spool)
                                                     : writer->add(entry));
    EXPECT_TRUE(writer->finish());
    return out;
}

TEST(Layer, EverythingSurvivesWritingAndReading) {
    auto spool = *Spool::create();
    const std::vector<Entry> entries = sample_layer(*spool);
    const std::string tar = tar_of(entries, *spool);
    EXPECT_EQ(tar, tar_of(entries, *spool));
    TextSource source(tar);
    const auto back = read_layer(source, *spool, {}, "layer");
    ASSERT_TRUE(back) << back.error().what;
    ASSERT_EQ(back->size(), entries.size());
    for (size_t i = 0; i < entries.size(); ++i) {
        EXPECT_EQ((*back)[i].path, entries[i].path);
        EXPECT_EQ((*back)[i].kind, entries[i].kind);
        EXPECT_EQ((*back)[i].mode & 0777, entries[i].kind == EntryKind::Whiteout ||
                                                  entries[i].kind == EntryKind::OpaqueWhiteout
                                              ? (*back)[i].mode & 0777
                                              : entries[i].mode & 0777);
        EXPECT_EQ((*back)[i].target, entries[i].target);
        EXPECT_EQ((*back)[i].uid, entries[i].uid);
        EXPECT_EQ((*back)[i].gid, entries[i].gid);
        EXPECT_EQ((*back)[i].xattrs, entries[i].xattrs);
        EXPECT_EQ((*back)[i].device_minor, entries[i].device_minor);
        if (entries[i].kind == EntryKind::Regular) {
            EXPECT_EQ(*spool->read_text((*back)[i].content, 100), "hello");
        }
    }
}

TEST(Layer, EscapesAndBombsAreRefused) {
    auto spool = *Spool::create();
    for (const char* path : {"../x", "a/../../x"}) {
        const std::string tar = tar_of({{.path = path, .content = {0, 0}}}, *spool);
        TextSource source(tar);
        EXPECT_FALSE(read_layer(source, *spool, {}, "layer")) << path;
    }
    const std::string tar = tar_of(sample_layer(*spool), *spool);
    TextSource many(tar);
    EXPECT_FALSE(read_layer(many, *spool, {.max_members = 3}, "layer"));
    TextSource big(tar);
    EXPECT_FALSE(read_layer(big, *spool, {.max_bytes = 6}, "layer"));
    TextSource cut(tar.substr(0, 2000));
    EXPECT_FALSE(read_layer(cut, *spool, {}, "layer"));
}

TEST(FileTree, AppliesLayersInOrder) {
    FileTree tree;
    const Entry folder{.path = "f", .kind = EntryKind::Directory};
    ASSERT_TRUE(tree.apply({folder,
                            {.path = "f/a"},
                            {.path = "f/b"},
                            {.path = "x"},
                            {.path = "lib", .kind = EntryKind::Symlink, .target = "usr/lib"},
                            {.path = "usr/lib/so"}},
                           "1"));
    ASSERT_TRUE(tree.apply({{.path = "f/c"},
                            {.path = "x", .kind = EntryKind::Whiteout},
                            {.path = "f", .kind = EntryKind::OpaqueWhiteout},
                            {.path = "lib/new"}},
                           "2"));
    EXPECT_EQ(tree.find("f/a"), nullptr);
    EXPECT_NE(tree.find("f/c"), nullptr);
    EXPECT_EQ(tree.find("x"), nullptr);
    EXPECT_EQ(tree.find("lib/so")->entry.path, "usr/lib/so");
    EXPECT_EQ(tree.find("usr/lib/new")->entry.path, "usr/lib/new");
    EXPECT_EQ(tree.find("lib")->entry.kind, EntryKind::Symlink);
    EXPECT_FALSE(tree.apply({{.path = "y", .kind = EntryKind::Hardlink, .target = "none"}}, "3"));
    EXPECT_FALSE(tree.apply({{.path = "f/c/d"}}, "4"));
}

TEST(FileTree, LinksThatGoRoundEnd) {
    FileTree tree;
    ASSERT_TRUE(tree.apply({{.path = "a", .kind = EntryKind::Symlink, .target = "b"},
                            {.path = "b", .kind = EntryKind::Symlink, .target = "a"},
                            {.path = "up", .kind = EntryKind::Symlink, .target = "../../etc"},
                            {.path = "etc/passwd"}},
                           "1"));
    EXPECT_EQ(tree.resolve("a"), nullptr);
    EXPECT_EQ(tree.resolve("up/passwd")->entry.path, "etc/passwd");
}

TEST(ImageName, KnowsItsTransports) {
    EXPECT_EQ(parse_image_name("repo/app")->reference, "repo/app:latest");
    EXPECT_EQ(parse_image_name("localhost:5000/app")->reference, "localhost:5000/app:latest");
    EXPECT_EQ(parse_image_name("localhost:5000/app:2")->repository(), "localhost:5000/app");
    EXPECT_EQ(parse_image_name("oci:/tmp/x:tag")->path, "/tmp/x");
    EXPECT_EQ(parse_image_name("oci:/tmp/x:tag")->reference, "tag");
    EXPECT_EQ(parse_image_name("oci:/tmp/x/")->repository(), "x");
    EXPECT_EQ(parse_image_name("docker-archive:f.tar:a/b:1")->reference, "a/b:1");
    EXPECT_EQ(parse_image_name("docker://host/a:1")->transport, Transport::Registry);
    for (const char* bad : {"", "a b", "-x", "oci:", "docker-archive:", "x;y"})
        EXPECT_EQ(parse_image_name(bad).error().exit_code, ExitCode::Usage) << bad;
    EXPECT_EQ(parse_image_name("oci-archive:x").error().exit_code, ExitCode::Unsupported);
}

constexpr std::string_view kConfig = R"({"architecture":"amd64","os":"linux","x-new":{"a":1},
  "container_config":{"Env":["SECRET=1"]},
  "config":{"User":"app","Env":["A=1","B=2=3"],"Entrypoint":["/e"],"Cmd":["c"],"WorkingDir":"/w",
  "Labels":{"l":"v"},"ExposedPorts":{"443/tcp":{}},"Volumes":{"/d":{}},"StopSignal":"SIGINT",
  "Healthcheck":{"Test":["CMD","x"],"Interval":1000},"ArgsEscaped":true},
  "rootfs":{"type":"layers","diff_ids":[]},"history":[{"created_by":"x","empty_layer":true}]})";

TEST(ImageConfig, KeepsEverythingButRepetitions) {
    const auto config = ImageConfig::parse(kConfig);
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_EQ(config->variable("B"), "2=3");
    EXPECT_EQ(healthcheck_kind(*config), "CMD");
    const std::string text = config->json();
    for (const char* kept : {"\"User\":\"app\"", "\"x-new\":{\"a\":1}", "ArgsEscaped", "SIGINT",
                             "\"Interval\":1000", "443/tcp", "\"/d\":{}", "\"l\":\"v\""})
        EXPECT_THAT(text, HasSubstr(kept));
    EXPECT_THAT(text, testing::Not(HasSubstr("SECRET")));
    EXPECT_EQ(ImageConfig::parse(text)->json(), text);
    for (const char* bad : {"", "[]", "{\"config\":1}", "{\"config\":{\"Env\":[1]}}",
                            "{\"rootfs\":{\"diff_ids\":[\"sha256:../x\"]}}"})
        EXPECT_FALSE(ImageConfig::parse(bad)) << bad;
}

Outcome<void> build(const std::string& target) {
    auto spool = *Spool::create();
    ImageBuilder builder = SCONE_TRY(ImageBuilder::create(SCONE_TRY(parse_image_name(target))));
    const std::vector<Entry> entries = sample_layer(*spool);
    SCONE_TRY(builder.add_layer([&](LayerWriter& writer, LayerBlob&) -> Outcome<void> {
        for (const Entry& entry : entries)
            SCONE_TRY(entry.kind == EntryKind::Regular ? writer.add_file(entry, *spool)
                                                       : writer.add(entry));
        return {};
    }));
    SCONE_TRY(builder.complete(*ImageConfig::parse(kConfig), Json::object()));
    return builder.publish();
}

TEST(Image, ReadsBackFromEveryForm) {
    const std::string layout = temp("layout"), archive = temp("archive.tar");
    std::filesystem::remove_all(layout);
    for (const std::string& target :
         {"oci:" + layout, "oci:" + layout + ":second", "docker-archive:" + archive + ":a/b:1"}) {
        const auto built = build(target);
        ASSERT_TRUE(built) << built.error().what;
        const auto source =
            open_image(*parse_image_name(target == "oci:" + layout ? target : target));
        ASSERT_TRUE(source) << target << source.error().what;
        auto spool = *Spool::create();
        const auto entries = source->read(0, *spool, {});
        ASSERT_TRUE(entries) << entries.error().what;
        EXPECT_EQ(entries->size(), 8U);
        EXPECT_EQ(source->config.user, "app");
    }
    EXPECT_EQ(open_image(*parse_image_name("oci:" + layout)).error().exit_code, ExitCode::Usage);
    EXPECT_EQ(open_image(*parse_image_name("oci:" + layout + ":no")).error().exit_code,
              ExitCode::NotFound);
    EXPECT_EQ(open_image(*parse_image_name("oci:/nowhere")).error().exit_code, ExitCode::NotFound);
    for (const auto& file : std::filesystem::directory_iterator(temp_folder()))
        EXPECT_THAT(file.path().string(), testing::Not(HasSubstr("layout.partial")));
}

TEST(Image, EveryDamagedBlobIsRefused) {
    const std::string layout = temp("damaged");
    std::filesystem::remove_all(layout);
    ASSERT_TRUE(build("oci:" + layout));
    for (const auto& blob : std::filesystem::directory_iterator(layout + "/blobs/sha256")) {
        std::fstream file(blob.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(50);
        const char before = static_cast<char>(file.get());
        file.seekp(50);
        file.put(static_cast<char>(before ^ 1));
        file.close();
        auto source = open_image(*parse_image_name("oci:" + layout));
        auto spool = *Spool::create();
        EXPECT_FALSE(source && source->read(0, *spool, {})) << blob.path();
        std::fstream(blob.path(), std::ios::in | std::ios::out | std::ios::binary)
            .seekp(50)
            .put(before);
    }
    auto source = open_image(*parse_image_name("oci:" + layout));
    auto spool = *Spool::create();
    EXPECT_TRUE(source && source->read(0, *spool, {}));
}

}  // namespace
}  // namespace scone::oci
