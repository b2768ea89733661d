#!/usr/bin/env python3
"""Unmodified PostgreSQL 15 under scone-run, as an ordinary user: load, crash recovery, stop modes.

usage: postgres_test.py BIN_FOLDER
"""
import os, pathlib, shutil, signal, subprocess

from servers import ServerTest, in_every_mode, main

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
USER = "postgres"


class PostgresTest(ServerTest):
    heap = "512M"

    def begin(self, mode):
        super().begin(mode)
        self.copy_product()
        shutil.chown(self.folder, USER, USER)

    def initdb(self):
        self.run_here(PROGRAMS / "initdb", "-D", self.folder / "data", "-A", "trust", "-U", USER, "--locale=C",
                      "-E", "UTF8", "--no-sync", user=USER, seconds=300)

    def postgres(self, *settings):
        server = self.start(PROGRAMS / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h", "127.0.0.1",
                            *[word for setting in ("fsync=off", *settings) for word in ("-c", setting)], user=USER)
        return server.wait_text("database system is ready to accept connections").wait_port(5432)

    def psql(self, *commands, check=True, database="postgres"):
        return self.run_native("psql", "-h", self.folder, "-U", USER, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                               *[word for command in commands for word in ("-c", command)], database,
                               check=check, seconds=120).strip()

    def pgbench(self, *options):
        return self.run_native(PROGRAMS / "pgbench", "-h", "127.0.0.1", "-U", USER, "-n", *options, "postgres",
                               seconds=120)

    def consistent(self):
        """Every transfer of pgbench moved the same amount in four tables."""
        sums = self.psql("SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(bbalance) FROM "
                         "pgbench_branches), (SELECT sum(tbalance) FROM pgbench_tellers), "
                         "(SELECT coalesce(sum(delta), 0) FROM pgbench_history)").split("|")
        self.assertEqual(len(set(sums)), 1, sums)

    def load_tables(self):
        self.run_native(PROGRAMS / "pgbench", "-h", self.folder, "-U", USER, "-i", "-q", "-s", 1, "postgres",
                        seconds=120)

    @in_every_mode
    def test_clients_parallel_workers_and_a_killed_postmaster(self):
        self.initdb()
        options = ("max_parallel_workers_per_gather=2", "min_parallel_table_scan_size=0", "parallel_setup_cost=0",
                   "parallel_tuple_cost=0")
        server = self.postgres(*options)
        self.load_tables()
        self.pgbench("-c", 4, "-T", 3)
        self.consistent()
        plan = self.psql("EXPLAIN (ANALYZE) SELECT sum(abalance), count(*) FROM pgbench_accounts")
        self.assertIn("Workers Launched: 2", plan)
        self.psql("CREATE TABLE words AS SELECT i, md5(i::text) AS word FROM generate_series(1, 20000) i",
                  "CREATE INDEX words_word ON words(word)", "VACUUM ANALYZE words", "DELETE FROM words WHERE i % 2 = 0",
                  "VACUUM words")
        committed = self.psql("SELECT count(*) FROM pgbench_history")
        server.send(signal.SIGKILL)
        server.process.wait(10)
        server = self.postgres(*options)
        self.consistent()
        self.assertEqual(self.psql("SELECT count(*) FROM pgbench_history"), committed)
        self.assertEqual(self.psql("SELECT i FROM words WHERE word = md5('4321')"), "4321")
        self.assertEqual(self.psql("SELECT count(*) FROM words"), "10000")
        self.assertEqual(server.stop(signal.SIGINT), 0, server.text())


class LongPostgresTest(PostgresTest):
    test_clients_parallel_workers_and_a_killed_postmaster = None

    @in_every_mode
    def test_killed_backend_and_stop_modes(self):
        self.initdb()
        server = self.postgres()
        self.load_tables()
        load = subprocess.Popen([PROGRAMS / "pgbench", "-h", "127.0.0.1", "-U", USER, "-n", "-c", "2", "-T", "60",
                                 "postgres"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server.wait_until(lambda: int(self.psql("SELECT count(*) FROM pgbench_history")) > 50, "the load runs")
        committed = int(self.psql("SELECT count(*) FROM pgbench_history"))
        # One backend dies: the others are ended by the postmaster, which recovers and goes on.
        backend = self.psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench' LIMIT 1")
        os.kill(int(backend), signal.SIGKILL)
        load.wait(60)
        server.wait_until(lambda: server.text().count("ready to accept connections") >= 2, "recovery after a backend")
        self.consistent()
        self.assertGreaterEqual(int(self.psql("SELECT count(*) FROM pgbench_history")), committed)
        for how in ("smart", "fast", "immediate"):
            self.pgbench("-c", 2, "-t", 20)
            self.run_here(PROGRAMS / "pg_ctl", "-D", self.folder / "data", "-m", how, "-w", "-t", "60", "stop",
                          user=USER)
            self.assertEqual(server.process.wait(60), 0, server.text())
            server = self.postgres()
            self.consistent()


if __name__ == "__main__":
    main()
