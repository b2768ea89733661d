"""How much a CAS does in a second: attestations with 8 clients, beside what bounds them."""
import re


def measure(bench):
    program = bench.bin / "bench_cas"
    if not program.exists():
        bench.build_target("bench_cas")
    for _ in range(bench.rounds):
        out = bench.run([program, "8", "3"])
        rate = {name.strip(): float(value) for name, value in re.findall(r"^(.+?) +([\d.]+) /s", out, re.M)}
        bench.add("cas_attest", "native", rate["TLS 1.3 handshake alone, 8 clients"])
        bench.add("cas_attest", "ours", rate["attest and configure, 8 clients"])
        bench.add("cas_tags", "ours", rate["durable tag update, 8 clients"])
        bench.add("cas_reads", "ours", rate["read session, keep-alive, 8 clients"])
        speed = bench.run(["openssl", "speed", "-seconds", "1", "ecdsap256"])
        sign, verify = re.search(r"nistp256\).* ([\d.]+) +([\d.]+)$", speed, re.M).groups()
        bench.add("cas_sign", "native", float(sign))
        bench.add("cas_verify", "native", float(verify))
