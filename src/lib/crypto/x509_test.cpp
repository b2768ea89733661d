#include "lib/crypto/x509.h"

#include <gtest/gtest.h>

namespace scone::crypto {
namespace {

constexpr int64_t kNow = 1'800'000'000;
constexpr int64_t kYear = 365 * 86400;

CertificateSpec spec(const char* name) {
    CertificateSpec spec;
    spec.common_name = name;
    spec.not_before = kNow - 60;
    spec.not_after = kNow + kYear;
    return spec;
}

CertificateSpec authority(const char* name) {
    CertificateSpec made = spec(name);
    made.is_authority = true;
    return made;
}

struct Chain {
    PrivateKey root_key = PrivateKey::generate(NewKey::P384).value();
    PrivateKey middle_key = PrivateKey::generate(NewKey::P256).value();
    PrivateKey leaf_key = PrivateKey::generate(NewKey::P256).value();
    Certificate root = make_self_signed(authority("root"), root_key).value();
    Certificate middle =
        issue_certificate(authority("middle"), middle_key.public_key().value(), {root, root_key})
            .value();
    Certificate leaf = make_leaf();

    Certificate make_leaf() {
        CertificateSpec server = spec("leaf");
        server.extended_use = ExtendedUse::Server;
        server.dns_names = {"cas", "cas.example.com"};
        server.ip_addresses = {"127.0.0.1", "::1"};
        return issue_certificate(server, leaf_key.public_key().value(), {middle, middle_key})
            .value();
    }
};

TEST(Certificate, SaysWhatItWasMadeWith) {
    Chain chain;
    const Certificate& leaf = chain.leaf;
    EXPECT_EQ("leaf", leaf.subject_common_name());
    EXPECT_EQ("middle", leaf.issuer_common_name());
    EXPECT_TRUE(leaf.names_as_issuer(chain.middle));
    EXPECT_TRUE(chain.root.self_issued());
    EXPECT_EQ(kNow - 60, leaf.not_before());
    EXPECT_EQ(kNow + kYear, leaf.not_after());
    EXPECT_EQ((std::vector<std::string>{"cas", "cas.example.com"}), leaf.dns_names());
    EXPECT_TRUE(chain.middle.may_issue_certificates());
    EXPECT_FALSE(leaf.may_issue_certificates());
    EXPECT_EQ(16u, leaf.serial().size());
    EXPECT_TRUE(leaf.extension("2.5.29.17"));
    EXPECT_FALSE(leaf.extension("1.2.3.4"));
    Certificate again = Certificate::from_pem(leaf.pem().value()).value();
    EXPECT_EQ(leaf.der().value(), again.der().value());
    EXPECT_EQ(chain.leaf_key.public_key()->key_hash().value(),
              again.public_key()->key_hash().value());
}

TEST(Certificate, PathIsFoundInAnyOrderAndOnlyToATrustedRoot) {
    Chain chain;
    Chain strangers;
    std::vector<Certificate> mixed{chain.root, strangers.middle, chain.middle};
    std::vector<Certificate> roots{chain.root};
    EXPECT_TRUE(verify_path(chain.leaf, mixed, roots, kNow, ExtendedUse::Server));
    EXPECT_FALSE(verify_path(chain.leaf, mixed, roots, kNow, ExtendedUse::Client));
    EXPECT_FALSE(verify_path(chain.leaf, {}, roots, kNow, ExtendedUse::None));
    EXPECT_FALSE(
        verify_path(chain.leaf, mixed, std::vector{strangers.root}, kNow, ExtendedUse::None));
    EXPECT_EQ(
        ErrorCode::OutOfTime,
        verify_path(chain.leaf, mixed, roots, kNow + 2 * kYear, ExtendedUse::None).error().code);
    EXPECT_EQ(ErrorCode::OutOfTime,
              verify_path(chain.leaf, mixed, roots, kNow - kYear, ExtendedUse::None).error().code);
}

TEST(Certificate, OnlyAnAuthorityIssues) {
    Chain chain;
    PublicKey key = chain.leaf_key.public_key().value();
    EXPECT_EQ(ErrorCode::NotTrusted,
              issue_certificate(spec("x"), key, {chain.leaf, chain.leaf_key}).error().code);
    EXPECT_EQ(ErrorCode::WrongKey,
              issue_certificate(spec("x"), key, {chain.root, chain.leaf_key}).error().code);
}

TEST(Certificate, RefusesNamesThatCannotBeEncoded) {
    PrivateKey key = PrivateKey::generate(NewKey::P256).value();
    CertificateSpec bad = spec("x");
    bad.dns_names = {"a\nb"};
    EXPECT_EQ(ErrorCode::Malformed, make_self_signed(bad, key).error().code);
    bad = spec("x");
    bad.ip_addresses = {"300.1.1.1"};
    EXPECT_EQ(ErrorCode::Malformed, make_self_signed(bad, key).error().code);
    bad = spec("");
    bad.common_name.assign(65, 'x');
    EXPECT_EQ(ErrorCode::TooLarge, make_self_signed(bad, key).error().code);
}

TEST(Certificate, ReadsListsAndRefusesBrokenOnes) {
    Chain chain;
    std::string pem = "text before\n" + chain.leaf.pem().value() + chain.root.pem().value();
    pem.push_back('\0');
    EXPECT_EQ(2u, Certificate::list_from_pem(pem)->size());
    EXPECT_EQ(ErrorCode::Malformed, Certificate::list_from_pem("nothing").error().code);
    std::string joined = chain.leaf.pem().value();
    joined.pop_back();
    EXPECT_EQ(2u, Certificate::list_from_pem(joined + chain.root.pem().value())->size());
    EXPECT_FALSE(Certificate::list_from_pem(joined.substr(0, joined.size() - 1)));
    std::string broken = pem;
    broken[100] = '!';
    EXPECT_FALSE(Certificate::list_from_pem(broken));
    std::string many;
    for (size_t i = 0; i <= kMaxChainLength; i++)
        many += chain.root.pem().value();
    EXPECT_EQ(ErrorCode::TooLarge, Certificate::list_from_pem(many).error().code);
    std::vector<uint8_t> der = chain.leaf.der().value();
    EXPECT_TRUE(Certificate::from_der(der));
    der.push_back(0);
    EXPECT_FALSE(Certificate::from_der(der));
    der.resize(der.size() / 2);
    EXPECT_FALSE(Certificate::from_der(der));
}

TEST(Certificate, SignatureIsChecked) {
    Chain chain;
    EXPECT_TRUE(chain.leaf.check_signed_by(chain.middle_key.public_key().value()));
    EXPECT_EQ(ErrorCode::BadSignature,
              chain.leaf.check_signed_by(chain.root_key.public_key().value()).error().code);
}

TEST(RevocationList, RefusesWhatIsNone) {
    EXPECT_FALSE(RevocationList::from_der({}));
    EXPECT_FALSE(RevocationList::from_pem("x"));
}

}  // namespace
}  // namespace scone::crypto
