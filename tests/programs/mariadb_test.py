#!/usr/bin/env python3
"""Unmodified mariadbd under scone-run: a new data folder, transactions, crash recovery, clean shutdown.

usage: mariadb_test.py BIN_FOLDER
"""
import signal, subprocess

from servers import ServerTest, in_every_mode, main

TRANSFER = """
CREATE PROCEDURE transfer(rounds INT, seed INT)
BEGIN
  DECLARE i INT DEFAULT 0;
  DECLARE a, b INT;
  DECLARE CONTINUE HANDLER FOR 1213 BEGIN END;
  WHILE i < rounds DO
    SET a = (i * 7 + seed * 13) % 50, b = (i * 11 + seed * 17 + 1) % 50;
    START TRANSACTION;
    UPDATE account SET amount = amount - 5 WHERE id = LEAST(a, b);
    UPDATE account SET amount = amount + 5 WHERE id = GREATEST(a, b);
    INSERT INTO log(client) VALUES (seed);
    COMMIT;
    SET i = i + 1;
  END WHILE;
END
"""


class MariadbTest(ServerTest):
    heap = "1G"
    # Unless told otherwise InnoDB reserves 8 TiB of addresses, more than an enclave has.
    MEMORY = ("--innodb-buffer-pool-size=32M", "--innodb-buffer-pool-size-max=64M")

    def install(self):
        self.run_here("mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={self.folder}/data",
                      "--auth-root-authentication-method=normal", "--skip-test-db", *self.MEMORY, seconds=300)

    def mariadbd(self):
        server = self.start("/usr/sbin/mariadbd", "--no-defaults", "--user=root", f"--datadir={self.folder}/data",
                            f"--socket={self.folder}/socket", "--bind-address=127.0.0.1", "--port=3306",
                            *self.MEMORY, f"--pid-file={self.folder}/pid")
        return server.wait_text("ready for connections").wait_socket(self.folder / "socket")

    def sql(self, text, *options):
        return self.run_native("mariadb", "--no-defaults", "-uroot", f"-S{self.folder}/socket", "-N", "-B",
                               *options, "-e", text, seconds=120).strip()

    def client(self, text):
        return subprocess.Popen(["mariadb", "--no-defaults", "-uroot", "-h127.0.0.1", "-P3306", "-N", "-B", "bank",
                                 "-e", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, clients):
        for client in clients:
            out, errors = client.communicate(timeout=120)
            self.assertEqual(client.returncode, 0, out + errors)

    @in_every_mode
    def test_transactions_survive_a_kill(self):
        self.install()
        server = self.mariadbd()
        self.sql("CREATE DATABASE bank; USE bank; CREATE TABLE account(id INT PRIMARY KEY, amount INT) "
                 "ENGINE=InnoDB; INSERT INTO account SELECT seq, 1000 FROM seq_0_to_49; CREATE TABLE "
                 "log(id INT AUTO_INCREMENT PRIMARY KEY, client INT) ENGINE=InnoDB;")
        self.sql(f"DELIMITER //\n{TRANSFER}//\n", "bank")
        self.finish([self.client(f"CALL transfer(60, {seed})") for seed in range(6)])
        self.assertEqual(self.sql("SELECT SUM(amount), COUNT(*) FROM bank.account"), "50000\t50")
        self.assertEqual(self.sql("SELECT COUNT(*) FROM bank.log"), "360")
        # A client works while the server dies: what was committed stays, halves of transfers do not.
        writer = self.client("CALL transfer(100000, 9)")
        server.wait_until(lambda: int(self.sql("SELECT COUNT(*) FROM bank.log")) > 380, "the writer writes")
        committed = int(self.sql("SELECT COUNT(*) FROM bank.log"))
        server.send(signal.SIGKILL)
        server.process.wait(10)
        writer.communicate(timeout=60)
        server = self.mariadbd()
        self.assertEqual(self.sql("SELECT SUM(amount), COUNT(*) FROM bank.account"), "50000\t50")
        self.assertGreaterEqual(int(self.sql("SELECT COUNT(*) FROM bank.log")), committed)
        self.assertIn("OK", self.sql("CHECK TABLE bank.account, bank.log"))
        self.sql("CREATE TABLE big ENGINE=Aria AS SELECT seq AS id, MD5(seq) AS text FROM seq_1_to_5000; "
                 "ALTER TABLE big ADD INDEX (text)", "bank")
        self.assertEqual(self.sql("SELECT id FROM bank.big WHERE text = MD5(4321)"), "4321")
        self.assertEqual(server.stop(), 0, server.text())
        server = self.mariadbd()
        self.assertEqual(self.sql("SELECT COUNT(*) FROM bank.big"), "5000")
        self.run_native("mariadb-admin", "--no-defaults", "-uroot", f"-S{self.folder}/socket", "shutdown")
        self.assertEqual(server.process.wait(60), 0)


if __name__ == "__main__":
    main()
