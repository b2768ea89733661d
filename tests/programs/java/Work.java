// Threads, the collector in a small heap, an HTTP server under load, processes, NIO, exceptions that
// the virtual machine makes of page faults.
import com.sun.net.httpserver.HttpServer;
import java.io.*;
import java.net.*;
import java.net.http.*;
import java.nio.*;
import java.nio.channels.*;
import java.nio.file.*;
import java.security.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.stream.*;
import java.util.zip.*;

public class Work {
    static void threads() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(16);
        List<Future<Long>> results = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            int n = i;
            results.add(pool.submit(() -> LongStream.range(0, 10000L * n).map(x -> x ^ n).sum()));
        }
        long sum = 0;
        for (Future<Long> f : results)
            sum += f.get();
        pool.shutdown();
        System.out.println("threads " + sum + " " + pool.awaitTermination(30, TimeUnit.SECONDS));
        System.out.println("parallel " + IntStream.range(0, 1_000_000).parallel().filter(x -> x % 7 == 3).count());
        Object monitor = new Object();
        AtomicInteger turns = new AtomicInteger();
        Thread[] players = new Thread[2];
        for (int p = 0; p < 2; p++) {
            int me = p;
            players[p] = new Thread(() -> {
                synchronized (monitor) {
                    while (turns.get() < 2000) {
                        if (turns.get() % 2 == me) {
                            turns.incrementAndGet();
                            monitor.notifyAll();
                        } else {
                            try { monitor.wait(); } catch (InterruptedException e) { return; }
                        }
                    }
                    monitor.notifyAll();
                }
            });
            players[p].start();
        }
        for (Thread t : players)
            t.join();
        System.out.println("monitor " + turns.get());
        Thread sleeper = new Thread(() -> {
            try { Thread.sleep(60000); } catch (InterruptedException e) { System.out.println("interrupted"); }
        });
        sleeper.start();
        Thread.sleep(50);
        sleeper.interrupt();
        sleeper.join();
        System.out.println(CompletableFuture.supplyAsync(() -> "late",
            CompletableFuture.delayedExecutor(30, TimeUnit.MILLISECONDS)).get());
    }

    static void collector() {
        Map<Integer, byte[]> kept = new HashMap<>();
        for (int i = 0; i < 60000; i++)
            kept.put(i % 1000, new byte[8192]);
        try {
            List<byte[]> all = new ArrayList<>();
            for (;;)
                all.add(new byte[1 << 20]);
        } catch (OutOfMemoryError e) {
            System.out.println("out of memory");
        }
        System.gc();
        System.out.println("collector " + kept.size());
    }

    static class Link {
        Link next;
        int value;
        Link(Link n, int v) { next = n; value = v; }
    }
    static int follow(Link link) { return link.next.value; }
    static int depth(int n) { return 1 + depth(n + 1); }

    static void faults() {
        // Compiled code has no check for null: the fault is the check.
        int caught = 0, sum = 0;
        Link end = new Link(null, 1), good = new Link(end, 2);
        for (int i = 0; i < 200000; i++)
            try { sum += follow(i % 5000 == 4999 ? end : good); } catch (NullPointerException e) { caught++; }
        System.out.println("null " + caught + " " + sum);
        int divided = 0;
        for (int i = -20000; i < 20000; i++)
            try { sum += 1000 / (i % 1000); } catch (ArithmeticException e) { divided++; }
        System.out.println("division " + divided);
        try { depth(0); } catch (StackOverflowError e) { System.out.println("stack overflow"); }
        try { Object o = "text"; sum += (Integer) o; } catch (ClassCastException e) { System.out.println("cast"); }
    }

    // A loop that must be stopped for each collection by its safepoint poll.
    static void safepoints() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        long[] result = new long[1];
        Thread spinner = new Thread(() -> {
            long x = 1;
            while (!stop.get())
                for (int i = 0; i < 10000; i++)
                    x = x * 31 + i;
            result[0] = x;
        });
        spinner.start();
        for (int i = 0; i < 20; i++) {
            System.gc();
            spinner.getStackTrace();
        }
        stop.set(true);
        spinner.join();
        System.out.println("safepoints");
    }

    static long crc(byte[] data) {
        CRC32 crc = new CRC32();
        crc.update(data);
        return crc.getValue();
    }

    static void web() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            byte[] answer = (exchange.getRequestURI() + " " + crc(body)).getBytes();
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        List<CompletableFuture<Boolean>> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            byte[] body = new byte[i * 100];
            String path = "/" + i, wanted = path + " " + crc(body);
            HttpRequest request = HttpRequest
                .newBuilder(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
            all.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .thenApply(r -> r.body().equals(wanted)));
        }
        int right = 0;
        for (CompletableFuture<Boolean> f : all)
            if (f.get())
                right++;
        System.out.println("answers " + right);
        server.stop(0);
        ((ExecutorService) server.getExecutor()).shutdown();
    }

    static void processes() throws Exception {
        Process cat = new ProcessBuilder("cat").start();
        Thread feeder = new Thread(() -> {
            try (OutputStream out = cat.getOutputStream()) {
                out.write(new byte[200000]);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        feeder.start();
        System.out.println("cat " + cat.getInputStream().readAllBytes().length + " " + cat.waitFor());
        Process shell = new ProcessBuilder("sh", "-c", "pwd; echo err >&2; exit 3")
            .redirectErrorStream(true).directory(new File("/usr")).start();
        shell.getOutputStream().close();
        System.out.println(new String(shell.getInputStream().readAllBytes()) + shell.waitFor());
        try {
            new ProcessBuilder("/does/not/exist").start();
        } catch (IOException e) {
            System.out.println(e.getMessage());
        }
        Process sleep = Runtime.getRuntime().exec("sleep 60");
        sleep.destroy();
        System.out.println("destroyed " + sleep.waitFor() + " " + sleep.isAlive());
        System.out.println(new ProcessBuilder("true").inheritIO().start().onExit().thenApply(Process::exitValue).get());
    }

    static void files() throws Exception {
        Path folder = Files.createDirectories(Path.of("a/b"));
        for (int i = 0; i < 50; i++)
            Files.writeString(folder.resolve("f" + i), "x".repeat(i));
        try (Stream<Path> walk = Files.walk(Path.of("a"))) {
            System.out.println("files " + walk.filter(Files::isRegularFile).mapToLong(p -> p.toFile().length()).sum());
        }
        try (FileChannel channel = FileChannel.open(Path.of("mapped"), StandardOpenOption.CREATE,
                StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MappedByteBuffer map = channel.map(FileChannel.MapMode.READ_WRITE, 0, 10000);
            map.put(5000, (byte) 65);
            map.force();
            ByteBuffer one = ByteBuffer.allocateDirect(1);
            channel.read(one, 5000);
            System.out.println("mapped " + one.get(0) + " " + channel.size() + " " + channel.tryLock().isValid());
        }
        try (GZIPOutputStream out = new GZIPOutputStream(new FileOutputStream("z"))) {
            out.write(new byte[100000]);
        }
        try (GZIPInputStream in = new GZIPInputStream(new FileInputStream("z"))) {
            System.out.println("gzip " + in.readAllBytes().length);
        }
        byte[] digest = MessageDigest.getInstance("SHA-256").digest("x".getBytes());
        System.out.println(HexFormat.of().formatHex(digest) + " " + new SecureRandom().generateSeed(8).length);
    }

    static void channels() throws Exception {
        Selector selector = Selector.open();
        ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
        listener.configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT);
        SocketChannel client = SocketChannel.open(listener.getLocalAddress());
        client.write(ByteBuffer.wrap("selected".getBytes()));
        String got = "";
        while (got.length() < 8) {
            selector.select(1000);
            for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext(); keys.remove()) {
                SelectionKey key = keys.next();
                if (key.isAcceptable()) {
                    listener.accept().configureBlocking(false).register(selector, SelectionKey.OP_READ);
                } else {
                    ByteBuffer buffer = ByteBuffer.allocate(100);
                    ((SocketChannel) key.channel()).read(buffer);
                    got += new String(buffer.array(), 0, buffer.position());
                }
            }
        }
        System.out.println(got);
        SocketChannel unix = SocketChannel.open(StandardProtocolFamily.UNIX);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of("socket"));
        unix.connect(server.getLocalAddress());
        System.out.println(unix.isConnected());
        DatagramSocket udp = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        udp.setSoTimeout(30);
        try {
            udp.receive(new DatagramPacket(new byte[10], 10));
        } catch (SocketTimeoutException e) {
            System.out.println("udp timeout");
        }
    }

    public static void main(String[] arguments) throws Exception {
        threads();
        faults();
        safepoints();
        collector();
        web();
        processes();
        files();
        channels();
        Runtime runtime = Runtime.getRuntime();
        System.out.println(Runtime.version().feature() + " " + (runtime.availableProcessors() > 0));
        runtime.addShutdownHook(new Thread(() -> System.out.println("hook")));
        System.exit(6);
    }
}
