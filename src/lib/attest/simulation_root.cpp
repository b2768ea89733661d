#include "lib/attest/simulation_root.h"

namespace scone::attest {
namespace {

// Published on purpose: see the header. Made once with lib/crypto; valid until 2049.
// x || y of its key, as it stands in the certificate.
constexpr ByteArray<64> kRootPoint{
    0x38, 0xb4, 0x90, 0xef, 0x87, 0x0f, 0xbb, 0x98, 0x0e, 0x78, 0xbe, 0x68, 0x6a, 0x5f, 0x81, 0x2b,
    0x94, 0xe2, 0xef, 0x04, 0x5e, 0x9a, 0xe6, 0x41, 0xeb, 0x3b, 0xe1, 0x12, 0xd7, 0xd4, 0xbf, 0x2e,
    0x83, 0x55, 0xa2, 0xc7, 0x81, 0xee, 0x6c, 0x97, 0x62, 0x80, 0x2e, 0x01, 0xfb, 0xed, 0x95, 0xac,
    0x28, 0x52, 0xd0, 0x5a, 0xae, 0xf2, 0x87, 0x2b, 0xf8, 0x73, 0x62, 0x4b, 0x9f, 0x8c, 0x1c, 0x14};
constexpr const char* kRootCertificate = R"(-----BEGIN CERTIFICATE-----
MIIB8TCCAZegAwIBAgIQWiYnwpdUxhDkFN9dewAzOTAKBggqhkjOPQQDAjBXMTIw
MAYDVQQKDClub3QgZm9yIHByb2R1Y3Rpb246IHByaXZhdGUga2V5IGlzIHB1Ymxp
YzEhMB8GA1UEAwwYU0NPTkUgU2ltdWxhdGlvbiBSb290IENBMB4XDTI0MDEwMTAw
MDAwMFoXDTQ5MTIzMTIzNTk1OVowVzEyMDAGA1UECgwpbm90IGZvciBwcm9kdWN0
aW9uOiBwcml2YXRlIGtleSBpcyBwdWJsaWMxITAfBgNVBAMMGFNDT05FIFNpbXVs
YXRpb24gUm9vdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDi0kO+HD7uY
Dni+aGpfgSuU4u8EXprmQes74RLX1L8ug1Wix4HubJdigC4B++2VrChS0Fqu8ocr
+HNiS5+MHBSjRTBDMBIGA1UdEwEB/wQIMAYBAf8CAQEwDgYDVR0PAQH/BAQDAgGG
MB0GA1UdDgQWBBTLWoi6zHICIS/e+WEhq5HcpvTikDAKBggqhkjOPQQDAgNIADBF
AiBHVHoe4LtLU7+gUpwdrWDXUCljNxgBW4rBspY2TPK5/wIhAKUW+j7NJkXPK8vv
jbz3H2ZY6Rceo9RmN/DseyIiHAfN
-----END CERTIFICATE-----
)";
constexpr const char* kRootKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGaoBppwQMYtCImCP
M4Ebv/APCcQWXhe5WnghpgJGf+GhRANCAAQ4tJDvhw+7mA54vmhqX4ErlOLvBF6a
5kHrO+ES19S/LoNVoseB7myXYoAuAfvtlawoUtBarvKHK/hzYkufjBwU
-----END PRIVATE KEY-----
)";
constexpr const char* kCaCertificate = R"(-----BEGIN CERTIFICATE-----
MIICETCCAbegAwIBAgIQS7apbAh6WxEwAtokEhRJCTAKBggqhkjOPQQDAjBXMTIw
MAYDVQQKDClub3QgZm9yIHByb2R1Y3Rpb246IHByaXZhdGUga2V5IGlzIHB1Ymxp
YzEhMB8GA1UEAwwYU0NPTkUgU2ltdWxhdGlvbiBSb290IENBMB4XDTI0MDEwMTAw
MDAwMFoXDTQ5MTIzMTIzNTk1OVowVjEyMDAGA1UECgwpbm90IGZvciBwcm9kdWN0
aW9uOiBwcml2YXRlIGtleSBpcyBwdWJsaWMxIDAeBgNVBAMMF1NDT05FIFNpbXVs
YXRpb24gUENLIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVKrdiyvKSNfp
QF8L2s2DdYfOkH+cKuNOE4Po+RQBOEo4EFcb9zVat3N1qF+9tv7f29CMgacUwp6v
tKb/TyCnrqNmMGQwEgYDVR0TAQH/BAgwBgEB/wIBADAOBgNVHQ8BAf8EBAMCAYYw
HQYDVR0OBBYEFGz3ZguAnE3371O85psvDJEpxuitMB8GA1UdIwQYMBaAFMtaiLrM
cgIhL975YSGrkdym9OKQMAoGCCqGSM49BAMCA0gAMEUCIQDgku7rAChOausP4pMG
XZyjTM+GqMWZZ+9hQ8W4+LropwIgf3/onskU0mD3Qjp7YFGggGMZCZPiAW/YDUaC
6M49UyQ=
-----END CERTIFICATE-----
)";
constexpr const char* kCaKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOEg3diloosaRD2Dv
iIwr1+a8KrL1zA89p3goozWKrqShRANCAARUqt2LK8pI1+lAXwvazYN1h86Qf5wq
404Tg+j5FAE4SjgQVxv3NVq3c3WoX722/t/b0IyBpxTCnq+0pv9PIKeu
-----END PRIVATE KEY-----
)";

Result<SimulationAuthority> read_authority(const char* certificate_pem, const char* key_pem) {
    auto certificate = crypto::Certificate::from_pem(certificate_pem);
    auto key = crypto::PrivateKey::from_pem(key_pem);
    if (!certificate || !key)
        return error(ErrorCode::Library, "cannot read the simulation's own certificate or key");
    return SimulationAuthority{std::move(*certificate), std::move(*key)};
}

}  // namespace

Result<SimulationAuthority> simulation_root() {
    return read_authority(kRootCertificate, kRootKey);
}
Result<SimulationAuthority> simulation_pck_ca() {
    return read_authority(kCaCertificate, kCaKey);
}

Result<TrustAnchor> simulation_trust_anchor() {
    auto key = crypto::PublicKey::from_p256_point(kRootPoint);
    if (!key)
        return error(ErrorCode::Library, key.error().text);
    return TrustAnchor{std::move(*key),
                       "SCONE Simulation Root CA",
                       {kSimulationCaName, kSimulationCaName},
                       kSimulationPckName,
                       "SCONE Simulation TCB Signing"};
}

}  // namespace scone::attest
