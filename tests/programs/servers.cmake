# Servers and databases in the enclave. Each test file has its own network and process namespace.
scone_programs_test(redis redis_test.py)
scone_programs_test(nginx nginx_test.py)
scone_programs_test(small_servers small_servers_test.py)
scone_programs_test(mariadb mariadb_test.py)
scone_programs_test(postgres postgres_test.py PostgresTest)
scone_programs_test(postgres_long postgres_test.py LongPostgresTest)
set_tests_properties(programs:postgres_long PROPERTIES LABELS long)
