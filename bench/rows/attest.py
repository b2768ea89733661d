"""Attestation and configuration: a start attested by real scone-cas and scone-las, less one that is not."""
import statistics

SCONE_MS = 690  # what a published recording of SCONE shows


def measure(bench):
    hello, scone = bench.compile("hello.c", "-static"), bench.bin / "scone"
    bench.serve([bench.bin / "scone-cas", "--allow-simulation", "--state", bench.folder / "cas", "--listen-api",
                 "127.0.0.1:8081", "--listen-enclave", "127.0.0.1:18765"], 8081)
    bench.serve([bench.bin / "scone-las", "--listen", "127.0.0.1:18766", "--state", bench.folder / "las"], 18766)
    bench.run([scone, "cas", "attest", "--only_for_testing-disable-attestation-verification", "localhost"])
    hash = bench.run([*bench.scone_run, hello], {"SCONE_HASH": "1"}).strip()
    session = bench.folder / "attest.yml"
    session.write_text(f"""name: bench-attest
version: "0.3"
services:
  - name: hello
    mrenclaves: [{hash}]
    command: {hello}
    pwd: /
    environment:
      GREETING: hello
security:
  attestation:
    tolerate: [debug-mode, hyperthreading, outdated-tcb]
    ignore_advisories: "*"
""")
    bench.run([scone, "session", "create", session])
    attested = {"SCONE_CONFIG_ID": "bench-attest/hello", "SCONE_CAS_ADDR": "localhost", "SCONE_LAS_ADDR": "localhost"}
    for _ in range(bench.rounds):
        plain = bench.timed_ms([*bench.scone_run, hello])
        bench.add("attest", "ours", bench.timed_ms([*bench.scone_run, hello], attested) - plain)
    bench.add("attest", "native", SCONE_MS)
    bench.stop_all()
