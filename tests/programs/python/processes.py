import multiprocessing as mp, os, signal, subprocess, sys, time
from multiprocessing import shared_memory

def square(x): return x * x
def where(x): return os.getpid() != x
def count(value, lock, n):
    for _ in range(n):
        with lock: value.value += 1
def echo(connection):
    while (x := connection.recv()) is not None: connection.send(x * 2)
def fill(name):
    memory = shared_memory.SharedMemory(name=name)
    memory.buf[:4] = b"abcd"
    memory.close()
def produce(queue, i): queue.put((i, "x" * 50000))

def run(method):
    context = mp.get_context(method)
    with context.Pool(4) as pool:
        print(method, sum(pool.map(square, range(200))), pool.apply(where, (os.getpid(),)))
        print(method, sorted(pool.imap_unordered(square, range(10), 3)))
    value, lock = context.Value("i", 0, lock=False), context.Lock()
    workers = [context.Process(target=count, args=(value, lock, 200)) for _ in range(4)]
    [w.start() for w in workers]; [w.join() for w in workers]
    print(method, "value", value.value, [w.exitcode for w in workers])
    ours, theirs = context.Pipe()
    worker = context.Process(target=echo, args=(theirs,)); worker.start()
    for i in range(20): ours.send([i]); assert ours.recv() == [i, i]
    ours.send(None); worker.join(); print(method, "pipe", worker.exitcode)
    queue = context.Queue()
    workers = [context.Process(target=produce, args=(queue, i)) for i in range(4)]
    [w.start() for w in workers]
    print(method, "queue", sorted((i, len(x)) for i, x in (queue.get() for _ in workers)))
    [w.join() for w in workers]
    memory = shared_memory.SharedMemory(create=True, size=8192)
    worker = context.Process(target=fill, args=(memory.name,)); worker.start(); worker.join()
    print(method, "shared memory", bytes(memory.buf[:5]))
    memory.close(); memory.unlink()
    with context.Manager() as manager:
        shared = manager.dict()
        shared["a"] = 1
        print(method, "manager", dict(shared))
    worker = context.Process(target=time.sleep, args=(60,)); worker.start(); worker.terminate(); worker.join()
    print(method, "terminated", worker.exitcode)

if __name__ == "__main__":
    for method in sys.argv[1:]:
        run(method)
