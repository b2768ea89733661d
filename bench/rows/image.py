"""Conversion of the Flask image: time, and the peak of memory."""
import os, shutil, subprocess, time
import measure as m


def measure(bench):
    native = bench.folder / "native-flask"
    cache = os.environ.get("SCONE_CACHE", os.path.expanduser("~/.cache/scone"))
    bench.run([m.ROOT / "examples/flask/make-native-image", native], {"SCONE_CACHE": cache})
    for _ in range(bench.rounds):
        shutil.rmtree(bench.folder / "encrypted", ignore_errors=True)
        start = time.perf_counter()
        process = subprocess.Popen(
            [bench.bin / "sconify_image", f"--from=oci:{native}", f"--to=oci:{bench.folder}/encrypted",
             "--binary=/usr/bin/python3.11", "--dir=/app", "--dir=/tls", "--name=bench", "--namespace=bench",
             "--heap=1G", "--disable-session-upload", "--allow-debug-mode", f"--session={bench.folder}/session.yml"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=bench.environment)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise m.Failed("the conversion failed")
        bench.add("convert", "ours", (time.perf_counter() - start) * 1e3)
        bench.add("convert_memory", "ours", usage.ru_maxrss / 1024)
