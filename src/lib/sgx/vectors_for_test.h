// Published test vectors from $SCONE_TEST_VECTORS.
//
// Side: host, tests only
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace scone::sgx {

// Declares `name` as the vectors' subfolder, or skips the test where there are none.
#define VECTORS_OR_SKIP(name, subfolder)                                                   \
    const char* name##_root = std::getenv("SCONE_TEST_VECTORS");                           \
    if (name##_root == nullptr)                                                            \
        GTEST_SKIP() << "SCONE_TEST_VECTORS is not set: no published vectors to check by"; \
    const std::string name = std::string(name##_root) + "/" + (subfolder)

inline std::vector<uint8_t> read_test_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << "cannot read " << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

// Names of the files in a folder, without the ending, sorted.
inline std::vector<std::string> files_with_ending(const std::string& folder,
                                                  const std::string& ending) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::string name = entry.path().filename().string();
        if (name.ends_with(ending))
            names.push_back(name.substr(0, name.size() - ending.size()));
    }
    std::sort(names.begin(), names.end());
    return names;
}

// The value of the last `"key": "text"` or `"key": number` in NAME.expected.json.
inline std::string expected_text(const std::string& name, const std::string& key) {
    std::vector<uint8_t> bytes = read_test_file(name + ".expected.json");
    std::string json(bytes.begin(), bytes.end());
    size_t at = json.rfind("\"" + key + "\": ");
    if (at == std::string::npos)
        return {};
    at += key.size() + 4;
    if (json[at] == '"')
        ++at;
    return json.substr(at, json.find_first_of("\",\n}", at) - at);
}

}  // namespace scone::sgx
