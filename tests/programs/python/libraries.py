import bz2, ctypes, gzip, hashlib, http.client, http.server, json, lzma, mmap, os, pathlib, shutil, socket, sqlite3, ssl
import subprocess, tempfile, threading, time, urllib.request, zipfile, zlib, array, fcntl, resource, select, struct, stat

# ssl: a server and clients in one process, and between two processes.
subprocess.run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem "
               "-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost".split(), check=True, capture_output=True)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = hashlib.sha256(body).hexdigest().encode()
        self.send_response(200); self.send_header("Content-Length", str(len(answer))); self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
trust = ssl.create_default_context(cafile="cert.pem")
def client(results):
    connection = http.client.HTTPSConnection("localhost", server.server_port, context=trust)
    for i in range(5):
        body = bytes([i]) * 100000
        connection.request("POST", "/", body)
        results.append(connection.getresponse().read().decode() == hashlib.sha256(body).hexdigest())
    connection.close()
results = []
clients = [threading.Thread(target=client, args=(results,)) for _ in range(6)]
[c.start() for c in clients]; [c.join() for c in clients]
print("https", len(results), all(results))
server.shutdown()

# sqlite3: a file with a journal, with WAL, two connections, locks, a large transaction.
for mode in ("delete", "wal"):
    db = sqlite3.connect(f"{mode}.db")
    print(db.execute(f"pragma journal_mode={mode}").fetchone())
    db.execute("create table t(id integer primary key, x text)")
    with db: db.executemany("insert into t(x) values(?)", ((f"row {i}" * 10,) for i in range(5000)))
    other = sqlite3.connect(f"{mode}.db", timeout=0.05)
    db.execute("begin immediate"); db.execute("delete from t where id % 2")
    try: other.execute("begin immediate"); print("no lock")
    except sqlite3.OperationalError as error: print(error)
    print(other.execute("select count(*) from t").fetchone()); db.rollback()
    with db: db.execute("update t set x = x || '!' where id < 100"); db.execute("create index i on t(x)")
    print(other.execute("select count(*), sum(length(x)) from t").fetchone(), db.execute("pragma integrity_check").fetchone())
    db.close(); other.close()

# mmap: private, shared, anonymous, resize, flush.
with open("mapped", "w+b") as f:
    f.write(b"0123456789" * 1000); f.flush()
    with mmap.mmap(f.fileno(), 0) as m:
        m[0:5] = b"HELLO"; m.flush(); f.seek(0); print(f.read(10), m.find(b"789"), len(m))
        m.resize(20000); m[19999] = 65; m.flush()
    print(os.path.getsize("mapped"))
    with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as m:
        m[0:5] = b"xxxxx"; f.seek(0); print(f.read(5))
shared = mmap.mmap(-1, 4096)
if (pid := os.fork()) == 0: shared[0:5] = b"child"; os._exit(0)
os.waitpid(pid, 0); print("anonymous shared", shared[0:5])

# ctypes: libc, callbacks, structures.
libc = ctypes.CDLL("libc.so.6", use_errno=True)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
numbers = (ctypes.c_int * 6)(5, 3, 1, 6, 2, 4)
libc.qsort(numbers, 6, ctypes.sizeof(ctypes.c_int), compare(lambda a, b: a[0] - b[0]))
print(list(numbers), libc.getpid() == os.getpid(), libc.open(b"/nowhere", 0), ctypes.get_errno())

# Files.
root = pathlib.Path("tree")
for i in range(50): (root / f"d{i % 5}").mkdir(parents=True, exist_ok=True); (root / f"d{i % 5}" / f"f{i}").write_text("x" * i)
shutil.make_archive("tree", "gztar", root); shutil.make_archive("tree", "zip", root)
print(len(list(root.rglob("*"))), sum(f.stat().st_size for f in root.rglob("f*")), zipfile.ZipFile("tree.zip").testzip())
shutil.copytree(root, "copy"); shutil.rmtree("copy/d1"); print(sorted(os.listdir("copy")))
os.link("mapped", "hard"); os.symlink("mapped", "soft"); print(os.stat("hard").st_nlink, os.readlink("soft"), os.path.samefile("hard", "soft"))
os.chmod("hard", 0o640); os.utime("hard", ns=(10**18, 2 * 10**18)); s = os.stat("hard"); print(oct(s.st_mode), s.st_mtime_ns)
with open("hard", "r+b") as f:
    fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 100); f.truncate(100)
    os.posix_fallocate(f.fileno(), 0, 5000); print(os.fstat(f.fileno()).st_size, os.pread(f.fileno(), 10, 5), os.copy_file_range(f.fileno(), os.open("made", os.O_RDWR | os.O_CREAT), 50))
with tempfile.NamedTemporaryFile(dir=".") as f: f.write(b"temporary"); f.flush(); print(os.path.exists(f.name))
data = os.urandom(100000)
print(all(m.decompress(m.compress(data)) == data for m in (gzip, bz2, lzma, zlib)))
print(hashlib.new("sha3_256", b"x").hexdigest()[:16], hashlib.scrypt(b"p", salt=b"s", n=2, r=8, p=1).hex()[:16])
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("127.0.0.1", 0)); udp.sendto(b"udp", udp.getsockname()); print(udp.recv(10))
unix = socket.socket(socket.AF_UNIX); unix.bind("socket"); unix.listen(); c = socket.socket(socket.AF_UNIX); c.connect("socket"); s, _ = unix.accept()
socket.send_fds(c, [b"fd"], [os.open("made", os.O_RDONLY)]); m, fds, *_ = socket.recv_fds(s, 10, 1); print(m, len(fds), stat.S_ISREG(os.fstat(fds[0]).st_mode))
