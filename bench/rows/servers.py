"""redis and nginx: both sides serve all the time, the load goes to one after the other."""
import csv, io, measure as m

PORTS = {"native": 16379, "ours": 16380}


def measure(bench):
    prefixes = {"native": [], "ours": bench.scone_run}
    for side, port in PORTS.items():
        bench.serve([*prefixes[side], m.needs("redis-server"), "--port", port, "--save", "", "--bind", "127.0.0.1"], port)
    for _ in range(bench.rounds):
        for depth, count in ((1, 20000), (16, 200000)):
            for side, port in PORTS.items():
                out = bench.run([m.needs("redis-benchmark"), "-p", port, "-t", "set,get", "-n", count, "-P", depth, "--csv"])
                for line in csv.DictReader(io.StringIO(out)):
                    bench.add(f"redis_{line['test'].lower()}_{depth}", side, float(line["rps"]))
    bench.stop_all()

    pages = bench.folder / "pages"
    pages.mkdir()
    (pages / "1k").write_bytes(b"x" * 1024)
    (pages / "100k").write_bytes(b"x" * 102400)
    for side, port in PORTS.items():
        (bench.folder / f"nginx-{side}").mkdir()
        configuration = bench.folder / f"nginx-{side}.conf"
        configuration.write_text(
            f"daemon off; worker_processes 1; user root; pid nginx-{side}/pid; error_log nginx-{side}/error.log;\n"
            "events { worker_connections 256; }\n"
            f"http {{ access_log off; keepalive_requests 1000000; server {{ listen 127.0.0.1:{port}; root {pages}; }}\n"
            + "".join(f"{part}_temp_path nginx-{side};\n" for part in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + "}\n")
        bench.serve([*prefixes[side], m.needs("nginx"), "-p", bench.folder, "-c", configuration], port)
    for _ in range(bench.rounds):
        for page, count in (("1k", 20000), ("100k", 8000)):
            for side, port in PORTS.items():
                out = bench.run([m.needs("ab"), "-q", "-k", "-c", 16, "-n", count, f"http://127.0.0.1:{port}/{page}"])
                rate = next(line.split()[3] for line in out.splitlines() if line.startswith("Requests per second"))
                bench.add(f"nginx_{page}", side, float(rate))
    bench.stop_all()
