#include "tools/cli/client_config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace scone::cli {
namespace {

class ClientConfigTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
        path_ = folder_ + "/new/config.json";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string folder_ = testing::TempDir() + "/client-config-XXXXXX", path_;
};

TEST_F(ClientConfigTest, MakesAnIdentityOnceAndKeepsIt) {
    const auto first = load_client_config(path_);
    ASSERT_TRUE(first) << first.error().what;
    const auto second = load_client_config(path_);
    ASSERT_TRUE(second) << second.error().what;
    EXPECT_TRUE(first->identity().key_pem == second->identity().key_pem);
    EXPECT_EQ(first->identity().certificate_pem, second->identity().certificate_pem);
    struct stat status = {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ClientConfigTest, RemembersCas) {
    ASSERT_TRUE(update_client_config(path_, [](ClientConfig& config) {
        config.put_cas({"a", "localhost:8081", "hash-a", true, "chain"});
        config.put_cas({"b", "other:9", "hash-b", false, ""});
        config.put_cas({"a", "localhost:8081", "hash-c", true, "chain"});
    }));
    const auto config = load_client_config(path_);
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_EQ(config->known_cas().size(), 2U);
    EXPECT_EQ(config->default_cas()->key_hash, "hash-c");
    EXPECT_EQ(config->find_cas("localhost")->name, "a");
    EXPECT_EQ(config->find_cas("other:9")->attested, false);
    EXPECT_EQ(config->find_cas("loc"), nullptr);
}

TEST_F(ClientConfigTest, RefusesWhatItMustNotTake) {
    ASSERT_TRUE(load_client_config(path_));
    ::chmod(path_.c_str(), 0644);
    EXPECT_EQ(load_client_config(path_).error().exit_code, text::ExitCode::Denied);
    ::chmod(path_.c_str(), 0600);
    std::ofstream(path_) << "{\"version\": 2}";
    EXPECT_EQ(load_client_config(path_).error().exit_code, text::ExitCode::Unsupported);
    for (const char* bad : {"", "[]", "{}", "{\"identity\": \"x\"}"}) {
        std::ofstream(path_) << bad;
        EXPECT_EQ(load_client_config(path_).error().exit_code, text::ExitCode::InvalidInput) << bad;
    }
}

TEST_F(ClientConfigTest, ReadsIdentityFiles) {
    ASSERT_TRUE(load_client_config(path_));
    const auto identity = read_identity(path_);
    ASSERT_TRUE(identity) << identity.error().what;
    std::ofstream(folder_ + "/id.pem")
        << identity->key_pem.expose_text() << identity->certificate_pem;
    EXPECT_TRUE(read_identity(folder_ + "/id.pem"));
    const auto other = make_identity();
    std::ofstream(folder_ + "/mix.pem")
        << other->key_pem.expose_text() << identity->certificate_pem;
    EXPECT_EQ(read_identity(folder_ + "/mix.pem").error().exit_code, text::ExitCode::InvalidInput);
    EXPECT_EQ(read_identity(folder_ + "/none.pem").error().exit_code, text::ExitCode::NotFound);
}

}  // namespace
}  // namespace scone::cli
