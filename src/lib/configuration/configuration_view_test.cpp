#include "lib/configuration/configuration_view.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace scone::configuration {
namespace {

using Buffer = std::vector<uint8_t>;

void put(Buffer& out, uint16_t tag, base::Bytes value) {
    uint8_t header[6];
    base::store_le16(header, tag);
    base::store_le32(header + 2, static_cast<uint32_t>(value.size()));
    out.insert(out.end(), header, header + 6);
    out.insert(out.end(), value.begin(), value.end());
}
void put(Buffer& out, uint16_t tag, std::string_view text) {
    put(out, tag, base::as_bytes(text));
}

struct Collector {
    std::string seen = {};
    bool stop_at_directory = false;
    bool argument(base::Bytes value) { return add("arg " + std::string(base::as_text(value))); }
    bool variable(std::string_view name, base::Bytes value) {
        return add("var " + std::string(name) + "=" + std::string(base::as_text(value)));
    }
    bool directory(std::string_view path) {
        return add("pwd " + std::string(path)) && !stop_at_directory;
    }
    bool root(const TreeView& tree) {
        return add("root " + std::string(tree.fspf_path) + (tree.tag.empty() ? "" : " tag"));
    }
    bool volume(std::string_view name, std::string_view path, const TreeView&) {
        return add("volume " + std::string(name) + " " + std::string(path));
    }
    bool file(std::string_view path, base::Bytes, uint32_t mode) {
        return add("file " + std::string(path) + " " + std::to_string(mode));
    }
    bool secret(std::string_view name, std::string_view kind, base::Bytes) {
        return add("secret " + std::string(name) + " " + std::string(kind));
    }
    bool setting(std::string_view name, std::string_view value) {
        return add("setting " + std::string(name) + "=" + std::string(value));
    }
    bool add(const std::string& text) {
        seen += text + ";";
        return true;
    }
};

Buffer sample() {
    Buffer variable, tree, out;
    put(variable, part::kName, "A");
    put(variable, part::kValue, "b");
    put(tree, tree_part::kPath, "/f");
    put(tree, tree_part::kKey, Buffer(32));
    put(tree, tree_part::kTag, Buffer(16));
    put(out, tag::kArgument, "prog");
    put(out, tag::kVariable, variable);
    put(out, tag::kDirectory, "/app");
    put(out, tag::kRoot, tree);
    put(out, 0x8001, "later");
    return out;
}

TEST(ConfigurationView, VisitsEachFieldInOrder) {
    Collector collector;
    EXPECT_TRUE(visit_configuration(sample(), collector));
    EXPECT_EQ("arg prog;var A=b;pwd /app;root /f tag;", collector.seen);
    collector = {.stop_at_directory = true};
    EXPECT_FALSE(visit_configuration(sample(), collector));
    EXPECT_EQ("arg prog;var A=b;pwd /app;", collector.seen);
}

TEST(ConfigurationView, RefusesWhatIsCutOff) {
    Buffer whole = sample();
    size_t accepted = 0;
    for (size_t size = 0; size < whole.size(); size++) {
        Collector collector;
        accepted += visit_configuration(base::Bytes(whole).first(size), collector);
    }
    EXPECT_EQ(5u, accepted);  // only at the borders of the five fields
    Buffer short_key, out;
    put(short_key, tree_part::kPath, "/f");
    put(short_key, tree_part::kKey, Buffer(31));
    put(out, tag::kRoot, short_key);
    Collector collector;
    EXPECT_FALSE(visit_configuration(out, collector));
}

}  // namespace
}  // namespace scone::configuration
