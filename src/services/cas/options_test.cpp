#include "services/cas/options.h"

#include <gtest/gtest.h>

#include "services/cas/config_file.h"

namespace scone::cas {
namespace {

text::Outcome<Options> parse(std::vector<std::string> words) {
    return read_options(words);
}

std::string config_error(std::string_view toml) {
    Options options;
    auto applied = apply_config(toml, "/etc/cas", options);
    return applied ? "accepted" : applied.error().what;
}

TEST(Options, DefaultsAreStrict) {
    auto options = parse({});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->simulation, Simulation::Refused);
    EXPECT_EQ(options->api.text(), "0.0.0.0:8081");
    EXPECT_EQ(options->enclaves.text(), "0.0.0.0:18765");
    EXPECT_EQ(options->state, "/var/lib/scone/cas");
    EXPECT_FALSE(options->metrics);
}

TEST(Options, AreReadInBothForms) {
    auto options = parse({"--state", "/s", "--listen-api=127.0.0.1:0", "--allow-simulation",
                          "--alt-name", "cas.example.com", "--alt-name=10.0.0.1"});
    ASSERT_TRUE(options) << options.error().what;
    EXPECT_EQ(options->state, "/s");
    EXPECT_EQ(options->api.text(), "127.0.0.1:0");
    EXPECT_EQ(options->simulation, Simulation::InsecureAllowed);
    EXPECT_EQ(options->names.dns_names.back(), "cas.example.com");
    EXPECT_EQ(options->names.ip_addresses.back(), "10.0.0.1");
}

TEST(Options, RefusesWhatItDoesNotKnow) {
    for (auto words : std::vector<std::vector<std::string>>{{"--stat", "x"},
                                                            {"state"},
                                                            {"--state"},
                                                            {"--allow-simulation=yes"},
                                                            {"--listen-api", "x:y"},
                                                            {"--connections-per-second=-1"}}) {
        auto options = parse(words);
        ASSERT_FALSE(options) << words[0];
        EXPECT_EQ(options.error().exit_code, text::ExitCode::Usage) << words[0];
    }
    EXPECT_EQ(parse({"-c", "/nowhere/cas.toml"}).error().exit_code, text::ExitCode::NotFound);
}

TEST(ConfigFile, SetsWhatItSays) {
    Options options;
    auto applied = apply_config(
        "[database]\npath = \"data/cas.db\"\n[api]\napi_listen = \"127.0.0.1:1\"\n"
        "enclave_listen = \"[::1]:2\"\n[api_identity]\nalt_names = [\"cas\", \"a.b\", "
        "\"1.2.3.4\"]\n"
        "[metrics]\nlisten = \"127.0.0.1\"\n[limits]\nconnections_per_second = 7\n"
        "[attestation]\ncollateral = \"pcs\"\ninsecure_allow_simulation = true\n",
        "/etc/cas", options);
    ASSERT_TRUE(applied) << applied.error().what;
    EXPECT_EQ(options.state, "/etc/cas/data");
    EXPECT_EQ(options.api.text(), "127.0.0.1:1");
    EXPECT_EQ(options.enclaves.text(), "[::1]:2");
    EXPECT_EQ(options.metrics->text(), "127.0.0.1:9090");
    EXPECT_EQ(options.names.dns_names, (std::vector<std::string>{"cas", "a.b"}));
    EXPECT_EQ(options.names.ip_addresses, std::vector<std::string>{"1.2.3.4"});
    EXPECT_EQ(options.handshakes_per_second, 7);
    EXPECT_EQ(options.collateral, "/etc/cas/pcs");
    EXPECT_EQ(options.simulation, Simulation::InsecureAllowed);
}

TEST(ConfigFile, NamesTheMistakeAndItsPlace) {
    EXPECT_EQ(config_error("[api]\napi_lissen = \"x:1\"\n"),
              "2:1: unknown key 'api_lissen' (did you mean 'api_listen'?)");
    EXPECT_NE(config_error("[databse]\n").find("did you mean 'database'?"), std::string::npos);
    EXPECT_NE(config_error("[api]\napi_listen = 8081\n").find("expected a string"),
              std::string::npos);
    EXPECT_NE(config_error("[attestation]\ninsecure_allow_simulation = \"yes\"\n")
                  .find("expected true or false"),
              std::string::npos);
    EXPECT_NE(config_error("[database]\npath = \"x.db\"\n").find("cas.db"), std::string::npos);
    EXPECT_NE(config_error("[api\n"), "accepted");
}

}  // namespace
}  // namespace scone::cas
