#!/usr/bin/env python3
"""What a run opens on the host: nothing of its /proc, /sys and /dev but terminals, whatever the program asks for.

usage: host_opens_test.py BIN_FOLDER
"""
import contextlib, os, pathlib, re, signal, subprocess, sys, tempfile, unittest

RUN = pathlib.Path(sys.argv[1]).resolve() / "scone-run"
# The launcher looks for itself and for the SGX driver; a terminal is the host's.
ALLOWED = re.compile(r"/proc/self/exe|/dev/sgx_enclave|/dev/sgx/enclave|/dev/tty|/dev/ptmx|/dev/pts(/.*)?|"
                     r"/dev/console|/dev/shm(/.*)?|/proc/self/fd/\d+")
CURIOUS = """
for file in /proc/self/* /proc/[a-z]* /proc/sys/*/* /proc/1/* /sys/devices/system/cpu/* /sys/fs/cgroup/* \
    /sys/class/net /proc/kcore /proc/kmsg /proc/1/environ /proc/net/tcp /dev/* /dev/mem /dev/kmsg /dev/sda /dev/fuse; do
    case $file in */tty|*/ptmx|*/pts|*/random|*/urandom|*/zero|*/full|*/std*) continue ;; esac
    test -e "$file"; test -L "$file"; test -d "$file" || { read -r line < "$file"; } 2>/dev/null
done
cd /proc && head -c 1 self/status ../sys/../proc/self/maps >/dev/null
echo x > /proc/sys/kernel/hostname
ls /proc /sys /dev /proc/self/task >/dev/null
echo done
"""


class HostOpensTest(unittest.TestCase):
    def host_paths(self, *command):
        with tempfile.TemporaryDirectory(prefix="scone-opens-") as folder:
            log = f"{folder}/calls"
            run = subprocess.Popen(["strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o", log, RUN, "--heap",
                                    "512M", "--fork", "1", "--", *command], stdin=subprocess.DEVNULL, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                                   env=dict(os.environ, SCONE_LOG="FATAL"))
            try:
                out, error = run.communicate(timeout=200)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(run.pid, signal.SIGKILL)
            self.assertIn("done", out, error[-2000:])
            return re.findall(r'"((?:/[^"/]+)*/?)"', pathlib.Path(log).read_text())

    def test_nothing_of_the_hosts_special_folders_is_opened(self):
        paths = self.host_paths("/bin/sh", "-c", CURIOUS)
        self.assertTrue(any(path.startswith("/bin/") or path.startswith("/usr/bin/") for path in paths), "nothing was seen")
        special = {os.path.normpath(path) for path in paths
                   if re.match(r"/(proc|sys|dev)(/|$)", os.path.normpath(path))}
        self.assertEqual({path for path in special if not ALLOWED.fullmatch(path)}, set())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
