# gcc, g++ and make; the programs that come out run in the enclave as well.
set -eu
cat > hello.c <<'END'
#include <stdio.h>
int twice(int);
int main(void) { printf("%d\n", twice(21)); return 0; }
END
echo 'int twice(int x) { return x * 2; }' > twice.c
cat > hello.cc <<'END'
#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
int main() {
    std::vector<int> numbers{3, 1, 2};
    std::thread([&] { std::sort(numbers.begin(), numbers.end()); }).join();
    for (int n : numbers) std::cout << n << ' ';
    try { throw std::runtime_error("thrown"); } catch (const std::exception& e) { std::cout << e.what() << std::endl; }
}
END
gcc -O2 -Wall -o hello hello.c twice.c && ./hello
gcc -O0 -g -static -o static hello.c twice.c && ./static
g++ -O1 -o cc hello.cc && ./cc
gcc -c nothing.c 2> errors || echo "gcc fails with $?"; grep -c 'No such file' errors
cat > Makefile <<'END'
all: $(patsubst %,out%,1 2 3 4) lib.a
	@echo linked; ar t lib.a | sort | tr '\n' ' '
out%: twice.c
	@gcc -c -DN=$* -o $@.o twice.c && echo made $* > $@
lib.a: out1 out2
	@ar rcs $@ out1.o out2.o
fail:
	@exit 3
END
make -j2 && cat out? && make -q && echo "up to date"; make -s fail 2>/dev/null || echo "make $?"
objdump -d hello | grep -c call > /dev/null; nm hello | grep -c main; strip hello && ./hello; file hello 2> /dev/null | cut -c1-10 || true
