import asyncio, concurrent.futures, queue, signal, socket, threading, time

# Locks, conditions, barriers and thread-local data.
total, lock, local = 0, threading.Lock(), threading.local()
def add(number):
    global total
    local.number = number
    for _ in range(2000):
        with lock: total += 1
    assert local.number == number
threads = [threading.Thread(target=add, args=(i,)) for i in range(20)]
[t.start() for t in threads]; [t.join() for t in threads]
print("total", total)
barrier, order = threading.Barrier(8), queue.Queue()
def meet(i):
    for round in range(50):
        barrier.wait()
        order.put(round)
threads = [threading.Thread(target=meet, args=(i,)) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
rounds = [order.get() for _ in range(400)]
print("barrier", rounds == sorted(rounds))
condition, ready = threading.Condition(), []
def consumer():
    with condition:
        print("condition", condition.wait_for(lambda: ready, timeout=20), condition.wait(timeout=0.05))
c = threading.Thread(target=consumer); c.start()
with condition: ready.append(1); condition.notify_all()
c.join()
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print("pool", sum(pool.map(lambda x: x * x, range(1000))))
timer = threading.Timer(0.05, lambda: print("timer")); timer.start(); timer.join()

# A signal interrupts sleep in the main thread; handlers run there.
hits = []
signal.signal(signal.SIGALRM, lambda *_: hits.append(threading.current_thread() is threading.main_thread()))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
end = time.monotonic() + 0.3
while time.monotonic() < end: time.sleep(0.05)
signal.setitimer(signal.ITIMER_REAL, 0)
print("signals", len(hits) > 3, all(hits))
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
signal.raise_signal(signal.SIGUSR1)
print("sigwait", signal.sigwait({signal.SIGUSR1}) == signal.SIGUSR1, signal.sigtimedwait({signal.SIGUSR1}, 0.01))

# asyncio: streams, subprocesses, timeouts, signals, threads.
async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper()); await writer.drain()
    writer.close()
async def client(port, i):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for j in range(10):
        writer.write(f"hello {i} {j}\n".encode())
        assert await reader.readline() == f"HELLO {i} {j}\n".encode()
    writer.close(); await writer.wait_closed()
    return i
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print("clients", sum(await asyncio.gather(*(client(port, i) for i in range(30)))))
    server.close(); await server.wait_closed()
    try: await asyncio.wait_for(asyncio.sleep(10), 0.05)
    except TimeoutError: print("timeout")
    loop, got = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR2, got.set)
    signal.raise_signal(signal.SIGUSR2); await got.wait(); print("signal handler")
    print("to_thread", await asyncio.to_thread(sum, range(100)))
    process = await asyncio.create_subprocess_exec("/bin/cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print("subprocess", await process.communicate(b"x" * 200000) == (b"x" * 200000, None), process.returncode)
    processes = [await asyncio.create_subprocess_shell(f"sleep 0.0{i}; exit {i}") for i in range(5)]
    print("exits", await asyncio.gather(*(p.wait() for p in processes)))
    a, b = socket.socketpair(); a.setblocking(False); b.setblocking(False)
    receive = asyncio.create_task(loop.sock_recv(b, 100)); await loop.sock_sendall(a, b"pair"); print(await receive)
asyncio.run(main())
