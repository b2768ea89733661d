"""What all rows of bench/run share: running both sides in turn, servers, protected folders, the table."""
import os, pathlib, shutil, socket, statistics, subprocess, time

ROOT = pathlib.Path(__file__).resolve().parent.parent

# key: (title, unit, ratio of gramine-direct to native on the same kind of machine or None).
# Units ending in "/s" are better when higher; ratios are always time against native time.
ROWS = {
    "hello": ("start static hello", "ms", 6.7),
    "python": ("start python3 -c pass", "ms", 3.3),
    "getppid": ("getppid, libc", "ns", 0.31),
    "getppid_bare": ("getppid, bare syscall instruction", "ns", 19),
    "clock_gettime": ("clock_gettime", "ns", 4.7),
    "read_4k": ("read 4 KiB, host file", "ns", 1.3),
    "write_4k": ("write 4 KiB, host file", "ns", 1.1),
    "open_close": ("open+close, host file", "ns", 2.0),
    "stat": ("stat, host file", "ns", None),
    "protected_read_4k": ("read 4 KiB, encrypted file", "ns", 1.3),
    "protected_open_close": ("open+close, encrypted file", "ns", 2.0),
    "protected_stat": ("stat, encrypted file", "ns", 0.21),
    "mmap_munmap_64k": ("mmap+munmap 64 KiB", "ns", 1.2),
    "pipe_between_threads": ("pipe ping-pong between threads", "ns", 1.7),
    "pipe_between_processes": ("pipe ping-pong between processes", "ns", 2.6),
    "pipe_write_read": ("pipe, write and read in one thread", "ns", None),
    "pipe_16k_to_process": ("pipe, 16 KiB to another process", "ns", None),
    "socketpair_between_threads": ("socketpair ping-pong between threads", "ns", None),
    "socketpair_between_processes": ("socketpair ping-pong between processes", "ns", None),
    "epoll_read_write": ("epoll_wait, read and write", "ns", None),
    "futex_ping_pong": ("futex ping-pong", "ns", 1.2),
    "condition_handover": ("condition variable handover", "ns", None),
    "pthread_create_join": ("pthread create+join", "ns", 34),
    "fork_exit": ("fork+exit", "ns", 116),
    "vfork_exit": ("vfork+exit", "ns", None),
    "signal_to_oneself": ("signal to oneself", "ns", None),
    "redis_set_1": ("redis SET, no pipelining", "req/s", 0.90),
    "redis_get_1": ("redis GET, no pipelining", "req/s", 1.08),
    "redis_set_16": ("redis SET, pipeline 16", "req/s", 1.00),
    "redis_get_16": ("redis GET, pipeline 16", "req/s", 1.24),
    "nginx_1k": ("nginx 1 KB, keep-alive", "req/s", 1.28),
    "nginx_100k": ("nginx 100 KB, keep-alive", "req/s", 1.13),
    "read_64m": ("read 64 MiB, host file", "MiB/s", 1.03),
    "encrypted_read_64m_first": ("read 64 MiB, encrypted, first time", "MiB/s", 53),
    "encrypted_read_64m": ("read 64 MiB, encrypted, again", "MiB/s", 53),
    "encrypted_random_4k_first": ("random 4 KiB, encrypted, first time", "MiB/s", 86),
    "encrypted_random_4k": ("random 4 KiB, encrypted, again", "MiB/s", 86),
    "many_files": ("start, 20,000 protected files (native: 10 files)", "ms", None),
    "many_files_child": ("  and a child process", "ms", None),
    "attest": ("attest and configure (native: 0.69 s of SCONE)", "ms", None),
    "cas_attest": ("CAS: attest and configure (native: handshakes alone)", "1/s", None),
    "cas_tags": ("  durable tag updates", "1/s", None),
    "cas_reads": ("  sessions read", "1/s", None),
    "cas_sign": ("  ECDSA P-256 signatures of openssl, one thread", "1/s", None),
    "cas_verify": ("  ECDSA P-256 verifications of openssl, one thread", "1/s", None),
    "convert": ("convert Flask image, OCI to OCI", "ms", None),
    "convert_memory": ("  peak memory", "MiB", None),
}


class Failed(Exception):
    """A group could not be measured; the other groups go on."""


class Bench:
    def __init__(self, folder, build, rounds):
        self.folder, self.bin, self.rounds = folder, build / "bin", rounds
        self.samples = {}
        self.environment = dict(os.environ, SCONE_LOG="ERROR", HOME=str(folder), LANG="C")
        self.scone_run = [str(self.bin / "scone-run"), "--heap", "1G", "--fork", "1", "--"]
        self.servers = []

    def add(self, key, side, value):
        self.samples.setdefault(key, {}).setdefault(side, []).append(value)

    def run(self, command, environment={}, **more):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600,
                              env={**self.environment, **environment}, **more)
        if done.returncode != 0:
            raise Failed(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        return done.stdout

    def timed_ms(self, command, environment={}):
        start = time.perf_counter()
        self.run(command, environment)
        return (time.perf_counter() - start) * 1e3

    def alternate(self, key, native, ours):
        """Calls both in turn; each gives one number."""
        for _ in range(self.rounds):
            self.add(key, "native", native())
            self.add(key, "ours", ours())

    def alternate_program(self, program, *arguments, keys=None, environment={}):
        """Runs a program that prints lines "NAME NUMBER" on both sides; `keys` renames or picks rows."""
        for _ in range(self.rounds):
            for side, prefix in (("native", []), ("ours", self.scone_run)):
                out = self.run([*prefix, program, *arguments], environment if side == "ours" else {})
                for name, value in (line.split() for line in out.splitlines()):
                    if keys is None or name in keys:
                        self.add(keys[name] if keys else name, side, float(value))

    def build_target(self, name):
        self.run(["cmake", "--build", self.bin.parent, "--target", name])

    def compile(self, source, *flags):
        target = self.folder / pathlib.Path(source).stem
        if not target.exists():
            self.run(["gcc", "-O2", "-o", target, ROOT / "bench/runtime" / source, *flags, "-lpthread"])
        return target

    def protect(self, name, source):
        """Shows the folder `source` at /protected, encrypted; the environment for scone-run."""
        place = self.folder / name
        place.mkdir()
        fspf, scone = place / "fs.fspf", self.bin / "scone"
        self.run([scone, "fspf", "create", fspf])
        self.run([scone, "fspf", "addr", fspf, "/", "-n", "--kernel", "/"])
        self.run([scone, "fspf", "addr", fspf, "/protected", "-e", "--kernel", place / "stored"])
        self.run([scone, "fspf", "addf", fspf, "/protected", source, place / "stored"])
        words = self.run([scone, "fspf", "encrypt", fspf]).split()
        return {"SCONE_FSPF": str(fspf), "SCONE_FSPF_KEY": words[10], "SCONE_FSPF_TAG": words[8]}

    def authenticate(self, name, source):
        """The folder `source` authenticated where it lies; the environment for scone-run."""
        fspf, scone = self.folder / f"{name}.fspf", self.bin / "scone"
        self.run([scone, "fspf", "create", fspf])
        self.run([scone, "fspf", "addr", fspf, "/", "-n", "--kernel", "/"])
        self.run([scone, "fspf", "addr", fspf, source, "-a", "--kernel", source])
        self.run([scone, "fspf", "addf", fspf, source, source])
        words = self.run([scone, "fspf", "encrypt", fspf]).split()
        return {"SCONE_FSPF": str(fspf), "SCONE_FSPF_KEY": words[10], "SCONE_FSPF_TAG": words[8]}

    def serve(self, command, port, environment={}):
        log = open(self.folder / f"server-{port}.log", "w")
        server = subprocess.Popen([str(word) for word in command], stdout=log, stderr=subprocess.STDOUT,
                                  env={**self.environment, **environment}, cwd=self.folder)
        self.servers.append(server)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return server
            except OSError:
                if server.poll() is not None:
                    break
                time.sleep(0.05)
        raise Failed(f"{command[0]} does not answer on port {port}:\n{pathlib.Path(log.name).read_text()[-3000:]}")

    def stop_all(self):
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        self.servers = []

    def table(self):
        lines = [f"{'what':50} {'unit':6} {'native':>10} {'enclave':>10} {'ratio':>7} {'gramine':>8}"]
        for key, (title, unit, peer) in ROWS.items():
            sides = {side: statistics.median(values) for side, values in self.samples.get(key, {}).items()}
            if not sides:
                continue
            native, ours = sides.get("native"), sides.get("ours")
            ratio = None
            if native and ours:
                ratio = native / ours if unit.endswith("/s") else ours / native
            cells = [f"{native:.1f}" if native else "-", f"{ours:.1f}" if ours else "-", f"{ratio:.2f}x" if ratio else "-",
                     f"{peer:.2f}x" if peer else "-"]
            lines.append(f"{title:50} {unit:6} {cells[0]:>10} {cells[1]:>10} {cells[2]:>7} {cells[3]:>8}")
        missing = [key for key in self.samples if key not in ROWS]
        return "\n".join(lines + [f"no title for {key}" for key in missing])


def needs(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        raise Failed(f"{program} is not installed; see scripts/packages.txt")
    return path
