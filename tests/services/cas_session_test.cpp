// scone-cas from outside: sessions over the client API, restarts, a database that was tampered
// with.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "cas_process.h"

namespace scone::test {
namespace {

using net::CasClient;
using text::ExitCode;
namespace fs = std::filesystem;

const std::string kBody =
    "version: \"0.3.10\"\n"
    "secrets:\n"
    "  - {name: word, kind: ascii, size: 12, export_public: true}\n"
    "  - {name: hidden, kind: ascii}\n";

std::string policy(const std::string& name, const std::string& more = "") {
    return "name: " + name + "\n" + kBody + more;
}

class CasSession : public testing::Test {
  protected:
    void start(const std::vector<std::string>& options = {}) {
        cas_.reset();
        cas_.emplace(state(), options);
        ASSERT_TRUE(cas_->is_up()) << cas_->output();
    }
    fs::path state() const { return folder_.path() / "state"; }
    CasClient client(const net::ClientIdentity& identity) {
        return CasClient(cas_->client(&identity), 0);
    }
    CasClient owner() { return client(owner_); }

    void expect_refused(const text::Outcome<std::string>& got, ExitCode code,
                        const std::string& words) {
        ASSERT_FALSE(got) << *got;
        EXPECT_EQ(got.error().exit_code, code);
        std::string whole = got.error().what + ": " + got.error().doing;
        EXPECT_NE(whole.find(words), std::string::npos) << whole;
    }
    // Starts a CAS that must end by itself; its exit code and, in `log_`, its words.
    int failed_start(const std::vector<std::string>& options = {}) {
        CasProcess cas(state(), options);
        EXPECT_FALSE(cas.is_up());
        int code = cas.stop();
        log_ = cas.output();
        return code;
    }
    void run_sql(const std::string& sql) {
        sqlite3* handle = nullptr;
        ASSERT_EQ(sqlite3_open((state() / "cas.db").c_str(), &handle), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(handle);
    }

    TemporaryFolder folder_;
    net::ClientIdentity owner_ = make_identity();
    net::ClientIdentity stranger_ = make_identity();
    std::optional<CasProcess> cas_;
    std::string log_;
};

TEST_F(CasSession, IsCreatedReadAndUpdated) {
    start();
    auto hash = owner().upload_session(policy("blender"));
    ASSERT_TRUE(hash) << hash.error().what;
    auto read = owner().read_session("blender");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->hash, *hash);
    EXPECT_NE(read->description.find("creator"), std::string::npos);
    auto word = owner().public_values("blender");
    ASSERT_TRUE(word);
    ASSERT_EQ(word->size(), 1u);
    EXPECT_EQ(word->front().value.size(), 12u);

    auto next =
        owner().upload_session(policy("blender", "predecessor: " + *hash + "\nvolumes: []\n"));
    ASSERT_TRUE(next) << next.error().what;
    EXPECT_NE(*next, *hash);
    EXPECT_EQ(owner().public_values("blender")->front().value, word->front().value);
}

TEST_F(CasSession, NeedsTheRightPredecessor) {
    start();
    auto hash = owner().upload_session(policy("a"));
    ASSERT_TRUE(hash);
    expect_refused(owner().upload_session(policy("a")), ExitCode::Conflict, "exists already");
    std::string wrong(64, '0');
    expect_refused(owner().upload_session(policy("a", "predecessor: " + wrong)), ExitCode::Conflict,
                   "wrong predecessor");
    expect_refused(owner().upload_session(policy("b", "predecessor: " + wrong)), ExitCode::Conflict,
                   "no session of this name exists");
}

TEST_F(CasSession, IsForThoseOnlyWhomThePolicyNames) {
    start();
    auto hash = owner().upload_session(policy("a"));
    ASSERT_TRUE(hash);
    EXPECT_EQ(client(stranger_).read_session("a").error().exit_code, ExitCode::Denied);
    expect_refused(client(stranger_).upload_session(policy("a", "predecessor: " + *hash)),
                   ExitCode::Denied, "not in its access_policy");
    CasClient anonymous(cas_->client(nullptr), 0);
    EXPECT_EQ(anonymous.read_session("a").error().exit_code, ExitCode::Denied);
    expect_refused(anonymous.upload_session(policy("c")), ExitCode::Denied, "client certificate");
    EXPECT_EQ(owner().read_session("none").error().exit_code, ExitCode::NotFound);

    std::string shared = "access_policy: {read: [CREATOR, " + key_hash_of(stranger_) + "]}\n";
    ASSERT_TRUE(owner().upload_session(policy("shared", shared)));
    EXPECT_TRUE(client(stranger_).read_session("shared"));
    std::string frozen = "access_policy: {update: [NONE]}\n";
    auto frozen_hash = owner().upload_session(policy("frozen", frozen));
    ASSERT_TRUE(frozen_hash);
    expect_refused(
        owner().upload_session(policy("frozen", frozen + "predecessor: " + *frozen_hash)),
        ExitCode::Denied, "No permission to update");
}

TEST_F(CasSession, LivesInANamespaceThatLetsItIn) {
    start();
    expect_refused(owner().upload_session(policy("team/app")), ExitCode::NotFound,
                   "namespace 'team' does not exist");
    ASSERT_TRUE(owner().upload_session("name: team\n"));
    ASSERT_TRUE(owner().upload_session(policy("team/app")));
    expect_refused(client(stranger_).upload_session(policy("team/other")), ExitCode::Denied,
                   "create_sessions");
    auto names = owner().list_sessions("team");
    ASSERT_TRUE(names) << names.error().what;
    EXPECT_EQ(*names, std::vector<std::string>{"app"});
    EXPECT_FALSE(client(stranger_).list_sessions("team"));
}

TEST_F(CasSession, MalformedPolicyIsRefusedWithItsPlace) {
    start();
    expect_refused(owner().upload_session("name: a\nversion: \"0.3\"\nservces: []\n"),
                   ExitCode::InvalidInput, "3:1");
    expect_refused(owner().upload_session("name: [\n"), ExitCode::InvalidInput, "2:");
    expect_refused(owner().upload_session(std::string(2 << 20, 'x')), ExitCode::InvalidInput, "");
}

TEST_F(CasSession, SurvivesRestartAndKill) {
    start();
    auto hash = owner().upload_session(policy("a"));
    ASSERT_TRUE(hash);
    std::string word = owner().public_values("a")->front().value;
    EXPECT_EQ(cas_->stop(), 0);
    EXPECT_LT(cas_->stop_seconds(), 1.0);
    start();
    EXPECT_EQ(owner().read_session("a")->hash, *hash);
    EXPECT_EQ(owner().public_values("a")->front().value, word);
    auto second = owner().upload_session(policy("b"));
    cas_->stop(SIGKILL);
    start();
    EXPECT_EQ(owner().read_session("b")->hash, *second);
}

TEST_F(CasSession, OneOfTwoParallelUpdatesWins) {
    start();
    auto hash = owner().upload_session(policy("a"));
    ASSERT_TRUE(hash);
    std::atomic<int> won = 0;
    std::atomic<int> lost = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            std::string own =
                "access_policy: {read: [ANY]}\nimages: [{name: i" + std::to_string(i) + "}]\n";
            auto got = owner().upload_session(policy("a", own + "predecessor: " + *hash + "\n"));
            if (!got) {
                EXPECT_EQ(got.error().exit_code, ExitCode::Conflict) << got.error().what;
            }
            ++(got ? won : lost);
        });
    }
    threads.clear();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 7);
}

TEST_F(CasSession, RolledBackDatabaseIsRefused) {
    start();
    auto hash = owner().upload_session(policy("a"));
    cas_->stop();
    fs::copy_file(state() / "cas.db", folder_.path() / "old.db");
    start();
    ASSERT_TRUE(owner().upload_session(policy("a", "predecessor: " + *hash)));
    cas_->stop();
    fs::copy_file(folder_.path() / "old.db", state() / "cas.db",
                  fs::copy_options::overwrite_existing);
    EXPECT_EQ(failed_start(), static_cast<int>(ExitCode::Integrity));
    EXPECT_NE(log_.find("rolled back"), std::string::npos) << log_;
}

TEST_F(CasSession, OneChangedByteIsRefused) {
    start();
    ASSERT_TRUE(owner().upload_session(policy("a")));
    cas_->stop();
    run_sql(
        "UPDATE record SET sealed = substr(sealed, 1, 40) || "
        "CASE WHEN substr(sealed, 41, 1) = x'00' THEN x'01' ELSE x'00' END || "
        "substr(sealed, 42) WHERE name = 'session/a'");
    EXPECT_EQ(failed_start(), static_cast<int>(ExitCode::Integrity));
    EXPECT_NE(log_.find("'session/a' was changed"), std::string::npos) << log_;
}

TEST_F(CasSession, NoPlaintextOfSecretsLiesInTheState) {
    start();
    ASSERT_TRUE(owner().upload_session(
        policy("a", "  - {name: given, kind: ascii, value: very-secret-value}\n")));
    std::string word = owner().public_values("a")->front().value;
    cas_->stop();
    for (const auto& file : fs::recursive_directory_iterator(folder_.path())) {
        if (!file.is_regular_file())
            continue;
        std::ostringstream content;
        content << std::ifstream(file.path()).rdbuf();
        EXPECT_EQ(content.str().find("very-secret-value"), std::string::npos) << file.path();
        EXPECT_EQ(content.str().find(word), std::string::npos) << file.path();
    }
}

TEST_F(CasSession, StartErrorsNameTheCause) {
    start();
    std::string port = "127.0.0.1:" + std::to_string(cas_->api_port());
    EXPECT_EQ(failed_start(), static_cast<int>(ExitCode::Conflict));
    EXPECT_NE(log_.find("another scone-cas uses this state folder"), std::string::npos) << log_;
    {
        CasProcess other(folder_.path() / "other", {"--listen-api=" + port});
        EXPECT_FALSE(other.is_up());
        EXPECT_EQ(other.stop(), static_cast<int>(ExitCode::Conflict));
        EXPECT_NE(other.output().find("already in use"), std::string::npos) << other.output();
    }
    cas_->stop();
    fs::permissions(state() / "cas.key", fs::perms(0644));
    EXPECT_EQ(failed_start(), static_cast<int>(ExitCode::InvalidInput));
    EXPECT_NE(log_.find("can be read by others"), std::string::npos) << log_;
    fs::permissions(state() / "cas.key", fs::perms(0600));
    std::ofstream(state() / "cas.key") << std::string(64, 'a') << "\n";
    EXPECT_EQ(failed_start(), static_cast<int>(ExitCode::InvalidInput));
    EXPECT_NE(log_.find("not the key of this database"), std::string::npos) << log_;
    EXPECT_EQ(failed_start({"--bogus"}), static_cast<int>(ExitCode::Usage));
}

TEST_F(CasSession, TellsThatItHasNoEvidence) {
    start();
    auto options = cas_->client(nullptr);
    options.expectation = {};
    options.expectation.insecure_any_server = net::InsecureAnyServer::Yes;
    CasClient anyone(options, 0);
    base::ByteArray<16> nonce{1, 2, 3};
    auto info = anyone.attest_info(nonce);
    ASSERT_TRUE(info) << info.error().what;
    EXPECT_EQ(info->evidence_type, "None");
    EXPECT_TRUE(info->evidence.empty());
    EXPECT_NE(info->statement.find("outside an enclave"), std::string::npos);
    ASSERT_EQ(info->chain.size(), 3u);
    EXPECT_EQ(info->chain[2].subject_common_name(), "cas");
    // Pinned by that key, it is known again, also after a restart.
    cas_->stop();
    start();
    auto pinned = cas_->client(nullptr);
    pinned.expectation.roots.clear();
    pinned.expectation.key_hashes = {info->key_hash};
    EXPECT_TRUE(CasClient(pinned, 0).version());
}

// The calls of tutorials, with curl and openssl as they use them.
TEST_F(CasSession, CurlAsInTheTutorialsWorks) {
    start({"--listen-metrics=127.0.0.1:0"});
    std::ofstream(folder_.path() / "session.yml") << policy("curl-session");
    std::string script =
        "set -eu; cd '" + folder_.path().string() +
        "'\n"
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 "
        "-subj /CN=me 2>/dev/null\n"
        "cas() { curl -sS --fail-with-body --cacert state/ca/cas.crt --connect-to "
        "cas:8081:127.0.0.1:" +
        std::to_string(cas_->api_port()) +
        " \"$@\"; }\n"
        "cas --cert cert.pem --key key.pem --data-binary @session.yml -o created.json "
        "-w '%{http_code}\\n' -X POST https://cas:8081/v1/sessions\n"
        "cas --cert cert.pem --key key.pem https://cas:8081/v1/sessions/curl-session >read.json\n"
        "cas https://cas:8081/v1/values/session=curl-session\n"
        "curl -sS -k -I https://127.0.0.1:" +
        std::to_string(cas_->api_port()) + "/v1/values/session=curl-session,secret=hidden\n";
    std::ofstream(folder_.path() / "try.sh") << script;
    std::string command = "sh '" + (folder_.path() / "try.sh").string() + "' 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string out;
    for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe))
        out += static_cast<char>(c);
    EXPECT_EQ(pclose(pipe), 0) << out;
    EXPECT_NE(out.find("201\n"), std::string::npos) << out;
    EXPECT_NE(out.find("\"word\""), std::string::npos) << out;
    EXPECT_EQ(out.find("hidden\""), std::string::npos) << out;
    EXPECT_NE(out.find("HTTP/1.1 405"), std::string::npos) << out;
}

}  // namespace
}  // namespace scone::test
