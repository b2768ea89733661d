#!/usr/bin/env python3
"""Unmodified redis-server under scone-run: load, snapshots, the append-only file, crashes.

usage: redis_test.py BIN_FOLDER
"""
import signal

from servers import ServerTest, in_every_mode, main

PORT = 6379


class RedisTest(ServerTest):
    def redis(self, *options):
        server = self.start("/usr/bin/redis-server", "--port", PORT, "--dir", self.folder, *options)
        return server.wait_text("Ready to accept connections").wait_port(PORT)

    def cli(self, *command):
        return self.run_native("redis-cli", "-p", PORT, *command).strip()

    def info(self, key):
        for line in self.cli("info").splitlines():
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].strip()
        raise KeyError(key)

    def fill(self, count, prefix="key"):
        lines = "".join(f"SET {prefix}:{i} value-{i * 7}\r\n" for i in range(count))
        self.run_native("redis-cli", "-p", PORT, "--pipe", input=lines)

    def check(self, count, prefix="key"):
        for i in (0, 1, count // 2, count - 1):
            self.assertEqual(self.cli("get", f"{prefix}:{i}"), f"value-{i * 7}")

    @in_every_mode
    def test_load_is_served_consistently(self):
        server = self.redis("--save", "")
        self.run_native("redis-benchmark", "-p", PORT, "-n", 5000, "-c", 20, "-P", 8, "-q", "-t",
                        "set,get,incr,lpush,lrange_100,sadd,hset,zadd,mset")
        self.assertEqual(self.cli("get", "counter:__rand_int__"), "5000")
        self.fill(2000)
        self.check(2000)
        script = "local s = 0 for i = 1, 1000 do s = s + redis.call('incr', 'n') end return s"
        self.assertEqual(self.cli("eval", script, 0), "500500")
        self.assertEqual(server.stop(), 0)

    @in_every_mode
    def test_snapshot_is_made_and_loaded(self):
        server = self.redis("--save", "3600 1000000")
        self.fill(3000)
        self.assertIn("Background saving started", self.cli("bgsave"))
        server.wait_until(lambda: self.info("rdb_bgsave_in_progress") == "0", "the snapshot is made")
        self.assertEqual(self.info("rdb_last_bgsave_status"), "ok")
        self.fill(10, "late")
        server.send(signal.SIGKILL)
        server.process.wait(10)
        server = self.redis("--save", "3600 1000000")
        self.assertEqual(self.cli("dbsize"), "3000")
        self.check(3000)
        self.fill(10, "late")
        self.assertEqual(server.stop(), 0, server.text())
        server = self.redis("--save", "3600 1000000")
        self.assertEqual(self.cli("dbsize"), "3010")
        self.check(10, "late")
        self.assertEqual(server.stop(signal.SIGINT), 0)

    @in_every_mode
    def test_append_only_file_survives_a_kill(self):
        options = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")
        server = self.redis(*options)
        self.fill(500)
        for _ in range(3):
            self.fill(500)
        self.cli("bgrewriteaof")
        server.wait_until(lambda: self.info("aof_rewrite_in_progress") == "0" and
                          self.info("aof_rewrite_scheduled") == "0", "the file is rewritten")
        self.assertEqual(self.info("aof_last_bgrewrite_status"), "ok")
        self.fill(100, "late")
        server.send(signal.SIGKILL)
        server.process.wait(10)
        server = self.redis(*options)
        self.assertEqual(self.cli("dbsize"), "600")
        self.check(500)
        self.check(100, "late")
        self.assertEqual(server.stop(), 0)

    @in_every_mode
    def test_replica_follows(self):
        self.redis("--save", "")
        self.fill(1000)
        replica = self.start("/usr/bin/redis-server", "--port", PORT + 1, "--dir", self.folder, "--dbfilename",
                             "replica.rdb", "--save", "", "--replicaof", "127.0.0.1", PORT).wait_port(PORT + 1)
        size = lambda: self.run_native("redis-cli", "-p", PORT + 1, "dbsize").strip()
        replica.wait_until(lambda: size() == "1000", "the replica has every key")
        self.fill(500, "more")
        replica.wait_until(lambda: size() == "1500", "the replica follows")


if __name__ == "__main__":
    main()
