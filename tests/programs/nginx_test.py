#!/usr/bin/env python3
"""Unmodified nginx under scone-run: a master and two workers, reload, respawn, log reopening, TLS.

usage: nginx_test.py BIN_FOLDER
"""
import contextlib, http.client, os, signal, ssl, subprocess, threading

from servers import ServerTest, in_every_mode, main

CONFIG = """
daemon off;
user {user};
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 512; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    keepalive_requests 100000;
    {http}
    server {{
        listen 127.0.0.1:8080 {listen};
        {tls}
        root {folder}/www;
        location = /version {{ return 200 "{version}"; }}
        location /gzip/ {{ alias {folder}/www/; gzip on; gzip_types *; gzip_min_length 1; }}
        location /back/ {{ proxy_pass http://127.0.0.1:8081/; }}
        {server}
    }}
    server {{ listen 127.0.0.1:8081; root {folder}/www; }}
}}
"""
TLS = "listen 127.0.0.1:8443 ssl; ssl_certificate {0}/cert.pem; ssl_certificate_key {0}/key.pem;"


class NginxTest(ServerTest):
    def configure(self, version=1, http="", server="", tls="", listen=""):
        (self.folder / "nginx.conf").write_text(CONFIG.format(
            folder=self.folder, user="www-data" if os.getuid() == 0 else "root", version=version, http=http,
            server=server, tls=tls, listen=listen))

    def nginx(self, **more):
        www = self.folder / "www"
        www.mkdir()
        self.contents = {"small": os.urandom(512).hex().encode(), "big": os.urandom(51200).hex().encode()}
        for name, content in self.contents.items():
            (www / name).write_bytes(content)
        self.configure(**more)
        return self.start("/usr/sbin/nginx", "-p", self.folder, "-c", self.folder / "nginx.conf",
                          "-e", self.folder / "error.log").wait_port(8080)

    def show_logs(self):
        super().show_logs()
        if (self.folder / "error.log").exists():
            print((self.folder / "error.log").read_text()[-3000:])

    def answer(self, path, port=8080):
        """Status and body, over a connection of its own."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()

    def get(self, path):
        return self.answer(path)[1]

    def ab(self, path, count, clients=8, *options):
        out = self.run_native("ab", "-k", "-q", "-n", count, "-c", clients, *options, path, seconds=120)
        self.assertRegex(out, rf"Complete requests:\s+{count}")
        self.assertRegex(out, r"Failed requests:\s+0")
        self.assertNotIn("Non-2xx", out)

    def workers(self, server):
        master = int((self.folder / "nginx.pid").read_text())
        return set(subprocess.run(["pgrep", "-P", str(master)], capture_output=True, text=True)
                   .stdout.split())

    @in_every_mode
    def test_files_are_served(self):
        server = self.nginx()
        self.ab("http://127.0.0.1:8080/small", 2000)
        self.ab("http://127.0.0.1:8080/big", 300)
        for prefix in ("", "gzip/", "back/"):
            for name, content in self.contents.items():
                got = subprocess.run(["curl", "-s", "--compressed", f"http://127.0.0.1:8080/{prefix}{name}"],
                                     capture_output=True, timeout=60, check=True).stdout
                self.assertEqual(got, content, prefix + name)
        self.assertEqual(server.stop(signal.SIGQUIT), 0)

    @in_every_mode
    def test_reload_loses_no_request(self):
        server = self.nginx()
        server.wait_until(lambda: len(self.workers(server)) == 2, "two workers")
        first = self.workers(server)
        failures, served, over = [], [0], threading.Event()

        def ask():
            while not over.is_set():
                try:
                    if self.get("/small") != self.contents["small"]:
                        failures.append("content")
                    served[0] += 1
                except Exception as error:
                    failures.append(repr(error))
        clients = [threading.Thread(target=ask) for _ in range(3)]
        [client.start() for client in clients]
        try:
            for version in (2, 3):
                self.configure(version)
                server.send(signal.SIGHUP)
                server.wait_until(lambda: self.get("/version") == str(version).encode(), f"version {version}")
            server.wait_until(lambda: len(self.workers(server)) == 2 and not first & self.workers(server),
                              "the old workers are gone")
        finally:
            over.set()
            [client.join() for client in clients]
        self.assertEqual(failures, [])
        self.assertGreater(served[0], 0)
        self.assertEqual(server.stop(signal.SIGTERM), 0)

    @in_every_mode
    def test_worker_is_respawned_and_logs_are_reopened(self):
        server = self.nginx()
        server.wait_until(lambda: len(self.workers(server)) == 2, "two workers")
        first = self.workers(server)
        for victim in first:
            os.kill(int(victim), signal.SIGKILL)
        server.wait_until(lambda: len(self.workers(server)) == 2 and not first & self.workers(server),
                          "two other workers")
        self.ab("http://127.0.0.1:8080/small", 200)
        log = self.folder / "access.log"
        log.rename(self.folder / "access.old")
        server.send(signal.SIGUSR1)
        server.wait_until(log.exists, "a new log")
        def reopened():
            self.get("/small")
            return "/small" in log.read_text()
        server.wait_until(reopened, "the workers write the new log")
        self.assertEqual(server.stop(signal.SIGQUIT), 0)

    @in_every_mode
    def test_tls(self):
        self.run_native("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                        "-keyout", "key.pem", "-out", "cert.pem", "-days", "2")
        server = self.nginx(tls=TLS.format(self.folder))
        server.wait_port(8443)
        self.ab("https://127.0.0.1:8443/small", 300, 8)
        context = ssl.create_default_context(cafile=self.folder / "cert.pem")
        context.check_hostname = False
        with contextlib.closing(http.client.HTTPSConnection("127.0.0.1", 8443, context=context,
                                                            timeout=60)) as connection:
            for name in ("small", "big") * 3:
                connection.request("GET", f"/{name}")
                self.assertEqual(connection.getresponse().read(), self.contents[name])
        self.assertEqual(server.stop(signal.SIGQUIT), 0)

    @in_every_mode
    def test_zones_are_shared_by_the_workers(self):
        server = self.nginx(listen="reuseport", http="limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m; "
                                 f"proxy_cache_path {self.folder}/cache keys_zone=cache:1m;",
                            server=f"location /limited {{ limit_req zone=one burst=4 nodelay; alias {self.folder}/www/small; }}"
                                   "location /cached/ { proxy_pass http://127.0.0.1:8081/; proxy_cache cache; "
                                   "proxy_cache_valid 1h; add_header X-Cache $upstream_cache_status; }")
        # Each connection goes to one of the workers, by its port; the limit is counted by both.
        statuses = [self.answer("/limited")[0] for _ in range(30)]
        self.assertEqual((statuses.count(200), statuses.count(503)), (5, 25))
        self.assertEqual(self.get("/cached/big"), self.contents["big"])
        # A worker answers before the cache has the file.
        server.wait_until(lambda: any((self.folder / "cache").iterdir()), "the cache has the file")
        os.truncate(self.folder / "www/big", 0)
        for _ in range(20):
            self.assertEqual(self.get("/cached/big"), self.contents["big"])
        self.assertEqual(server.stop(signal.SIGQUIT), 0)


if __name__ == "__main__":
    main()
