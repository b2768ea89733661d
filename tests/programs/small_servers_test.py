#!/usr/bin/env python3
"""Smaller servers under scone-run: memcached, socat, openssl, SQLite by several processes, Python's.

usage: small_servers_test.py BIN_FOLDER
"""
import collections, concurrent.futures, contextlib, hashlib, http.client, os, signal, socket, ssl, subprocess

from servers import ServerTest, in_every_mode, main

PYTHON = "/usr/bin/python3"

# A gunicorn in small: a listening socket shared by workers, a master that replaces the dead ones.
PREFORK = """
import os, signal, socket, sys, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(64)
workers, stopping = set(), False

def work():
    served, over = 0, []
    signal.signal(signal.SIGTERM, lambda *_: over.append(1))
    listener.settimeout(0.5)
    while not over:
        try: client, _ = listener.accept()
        except TimeoutError: continue
        client.settimeout(None)
        with client:
            request = client.recv(1000).decode()
            served += 1
            if "crash" in request: os.abort()
            body = f"{os.getpid()} {served}"
            client.sendall(f"HTTP/1.0 200 OK\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
            if "slow" in request: time.sleep(0.05)
    os._exit(0)

def start():
    pid = os.fork()
    if pid == 0: work()
    workers.add(pid)

def stop(*_):
    global stopping
    stopping = True
    for pid in workers: os.kill(pid, signal.SIGTERM)

signal.signal(signal.SIGTERM, stop)
for _ in range(3): start()
while workers:
    pid, status = os.wait()
    workers.discard(pid)
    print("worker ended", os.waitstatus_to_exitcode(status), flush=True)
    if not stopping: start()
print("all ended", flush=True)
"""
# Several processes of one program and several programs write one SQLite database.
SQLITE = """
import os, sqlite3, sys
def work(name):
    database = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
    for i in range(25):
        database.execute("BEGIN IMMEDIATE")
        (value,) = database.execute("SELECT value FROM counter").fetchone()
        database.execute("UPDATE counter SET value = ?", (value + 1,))
        database.execute("INSERT INTO log VALUES (?, ?)", (name, i))
        database.execute("COMMIT")
        database.execute("SELECT count(*) FROM log").fetchone()
    database.close()
children = []
for n in range(3):
    pid = os.fork()
    if pid == 0:
        work(f"{sys.argv[2]}-{n}")
        os._exit(0)
    children.append(pid)
print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children])
"""


class SmallServersTest(ServerTest):
    def get(self, path, port):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", path)
            return connection.getresponse().read()

    def many(self, count, work, at_once=8):
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(work, range(count)))

    @in_every_mode
    def test_memcached(self):
        server = self.start("/usr/bin/memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", 11211, "-t", 4,
                            "-m", 32).wait_port(11211)

        def client(number):
            with socket.create_connection(("127.0.0.1", 11211), 60) as connection, \
                    connection.makefile("rb") as answers:
                for i in range(100):
                    value = hashlib.sha256(f"{number} {i}".encode()).hexdigest() * (1 + i % 40)
                    connection.sendall(f"set k{number}:{i} 0 0 {len(value)}\r\n{value}\r\nget k{number}:{i}\r\n"
                                       "incr total 1\r\n".encode())
                    got = [answers.readline().strip().decode() for _ in range(5)]
                    self.assertEqual(got[:4], ["STORED", f"VALUE k{number}:{i} 0 {len(value)}", value, "END"])
        with socket.create_connection(("127.0.0.1", 11211), 60) as connection, \
                connection.makefile("rb") as answers:
            connection.sendall(b"set total 0 0 1\r\n0\r\n")
            self.assertEqual(answers.readline(), b"STORED\r\n")
            self.many(8, client)
            connection.sendall(b"get total\r\n")
            self.assertEqual([answers.readline(), answers.readline()][1], b"800\r\n")
        self.assertEqual(server.stop(), 0)

    @in_every_mode
    def test_socat_with_a_process_for_each_connection(self):
        path = self.folder / "socket"
        self.start("/usr/bin/socat", f"UNIX-LISTEN:{path},fork,backlog=32", "EXEC:/bin/cat")
        self.servers[0].wait_socket(path)
        self.start("/usr/bin/socat", "TCP-LISTEN:7000,fork,reuseaddr", f"UNIX-CONNECT:{path}").wait_port(7000)

        def client(number):
            data = os.urandom(50_000)
            with socket.create_connection(("127.0.0.1", 7000), 60) as connection:
                connection.settimeout(60)
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                got = b"".join(iter(lambda: connection.recv(65536), b""))
            return got == data
        self.assertEqual(self.many(8, client, 4), [True] * 8)

    @in_every_mode
    def test_openssl_s_server(self):
        self.run_native("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                        "-keyout", "key.pem", "-out", "cert.pem", "-days", "2")
        self.start("/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:4433", "-cert", "cert.pem", "-key",
                   "key.pem", "-WWW", "-quiet").wait_port(4433)
        (self.folder / "page").write_bytes(page := os.urandom(30_000))
        context = ssl.create_default_context(cafile=self.folder / "cert.pem")
        context.check_hostname = False

        def client(_):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", 4433), 60)) as connection:
                connection.sendall(b"GET /page HTTP/1.0\r\n\r\n")
                with contextlib.suppress(ssl.SSLEOFError):
                    got = b""
                    while part := connection.recv(65536):
                        got += part
                return got.endswith(page)
        self.assertEqual(self.many(40, client, 4), [True] * 40)

    @in_every_mode
    def test_sqlite_is_written_by_several_processes(self):
        path = self.folder / "data.db"
        self.run_here("/usr/bin/sqlite3", path, "PRAGMA journal_mode=WAL; CREATE TABLE counter(value); "
                      "INSERT INTO counter VALUES (0); CREATE TABLE log(name, i)")
        writers = [subprocess.Popen([*self.prefix(), PYTHON, "-c", SQLITE, str(path), name], text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE) for name in "ab"]
        for writer in writers:
            out, errors = writer.communicate(timeout=120)
            self.assertEqual(out, "[0, 0, 0]\n", errors)
        check = "SELECT value FROM counter; SELECT count(DISTINCT name || i) FROM log; PRAGMA integrity_check"
        for run in (self.run_here, self.run_native):
            self.assertEqual(run("/usr/bin/sqlite3", path, check), "150\n150\nok\n")

    @in_every_mode
    def test_python_http_server(self):
        (self.folder / "www").mkdir()
        (self.folder / "www/page").write_bytes(page := os.urandom(100_000))
        self.start(PYTHON, "-m", "http.server", "8000", "--bind", "127.0.0.1", "--directory",
                   self.folder / "www").wait_port(8000)
        self.assertEqual(self.many(40, lambda _: self.get("/page", 8000)), [page] * 40)
        self.assertIn(b'href="page"', self.get("/", 8000))

    @in_every_mode
    def test_prefork_server_in_python(self):
        server = self.start(PYTHON, "-c", PREFORK, 8000).wait_port(8000)
        answers = self.many(60, lambda _: self.get("/slow", 8000).split())
        served = collections.Counter(pid for pid, _ in answers)
        self.assertEqual(sum(served.values()), 60)
        self.assertGreater(len(served), 1)
        with self.assertRaises(OSError):
            self.get("/crash", 8000)
        server.wait_text(f"worker ended -{int(signal.SIGABRT)}")
        self.assertEqual(len(self.many(20, lambda _: self.get("/", 8000))), 20)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.text().count("worker ended 0"), 3, server.text())
        self.assertIn("all ended", server.text())


if __name__ == "__main__":
    main()
