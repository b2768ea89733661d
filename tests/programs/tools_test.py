#!/usr/bin/env python3
"""Tools of every day: coreutils, findutils, tar, compilers, make, git, perl, sqlite3, curl, openssl.

usage: tools_test.py BIN_FOLDER
"""
import http.server, re, subprocess, threading
from under_scone import HERE, MODES, RUN, ProgramTest, environment, main

SQL = """.bail on
create table t(id integer primary key, name text, size real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) insert into t select i, 'name ' || i, i * 1.5 from n;
create index by_name on t(name);
select count(*), sum(size), max(name) from t where id % 3 = 0;
begin; delete from t where id > 100; rollback; vacuum; pragma integrity_check;
select name, row_number() over (order by size desc) from t limit 2;
.mode csv
.output out.csv
select * from t where id < 10;
.output stdout
.import out.csv u
select count(*) from u;
.backup copy.db
.shell wc -l out.csv
pragma journal_mode = wal; update t set name = 'x'; select count(distinct name) from t; pragma wal_checkpoint(truncate);
.quit
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(b"x" * int(self.path[1:]))

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_):
        pass


class ToolsTest(ProgramTest):
    def script(self, name, **more):
        self.same_as_native("/bin/bash", str(HERE / "tools" / name), **more)

    def test_coreutils(self):
        self.script("coreutils.sh")

    def test_compilers_and_make(self):
        self.script("build.sh")

    def test_tar(self):
        self.script("tar.sh")

    def test_git(self):
        self.script("git.sh")

    def test_perl(self):
        self.same_as_native("/usr/bin/perl", str(HERE / "perl/work.pl"))

    def test_sqlite3(self):
        self.same_as_native("/usr/bin/sqlite3", "data.db", text=SQL)

    def test_curl(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://localhost:{server.server_port}"
        self.same_as_native("/usr/bin/curl", "-sS", "--noproxy", "*", f"{url}/10", f"{url}/[1-5]0000", "-w",
                            "%{http_code} %{size_download}\n", "-o", "a", "-o", "b#1")
        self.same_as_native("/usr/bin/curl", "-sS", "--noproxy", "*", "--parallel", f"{url}/[1000-1020]")
        self.same_as_native("/usr/bin/curl", "-sS", "--noproxy", "*", "--data-binary", "@/etc/services", url + "/")
        refused = """
            said=$(curl -sS --noproxy '*' http://127.0.0.1:1/ 2>&1); status=$?
            echo "${said/after [0-9]* ms/after a while}"; exit $status"""
        self.same_as_native("/bin/bash", "-c", refused, status=7)


class OpensslTest(ProgramTest):
    """s_server and s_client, one of them native each time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run("openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost".split(),
                       cwd=cls.built, check=True, capture_output=True)

    def talk(self, server_prefix, client_prefix, **mode):
        server = subprocess.Popen(
            [*server_prefix, "/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:0", "-key", "key", "-cert", "cert", "-www",
             "-naccept", "2"], cwd=self.built, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(**mode))
        try:
            for line in server.stdout:
                if accept := re.match(r"ACCEPT \S+:(\d+)", line):
                    break
            for version in ("-tls1_3", "-tls1_2"):
                done = subprocess.run(
                    [*client_prefix, "/usr/bin/openssl", "s_client", "-connect", "127.0.0.1:" + accept[1], "-CAfile", "cert",
                     "-quiet", "-verify_return_error", version], cwd=self.built, input="GET / HTTP/1.0\r\n\r\n", text=True,
                    capture_output=True, timeout=120, env=environment(**mode))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("HTTP/1.0 200 ok", done.stdout)
            self.assertEqual(server.wait(60), 0)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def test_server_and_client(self):
        self.talk([], [])
        for mode in MODES:
            ours = [RUN, *self.options, "--"]
            for who, prefixes in (("server", (ours, [])), ("client", ([], ours))):
                with self.subTest(ours=who, rewrite=mode):
                    self.talk(*prefixes, SCONE_REWRITE=mode)

    def test_speed_and_files(self):
        self.same_as_native("/bin/sh", "-c", "head -c 1000000 /dev/zero > zero; openssl enc -aes-256-cbc -pbkdf2 -k pass -in zero -out sealed; "
                            "openssl enc -d -aes-256-cbc -pbkdf2 -k pass -in sealed | cmp - zero && echo same; openssl dgst -sha512 zero; "
                            "openssl genpkey -algorithm ed25519 -out k; openssl pkeyutl -sign -rawin -inkey k -in k -out s; "
                            "openssl pkeyutl -verify -rawin -inkey k -in k -sigfile s; openssl rand 16 | wc -c")


if __name__ == "__main__":
    main()
