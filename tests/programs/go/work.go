// Goroutines, preemption of a tight loop, the collector under load, signals, os/exec, net/http, files.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func goroutines() {
	numbers, squares := make(chan int), make(chan int)
	var group sync.WaitGroup
	for i := 0; i < 100; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range numbers {
				squares <- n * n
			}
		}()
	}
	go func() {
		for i := 0; i < 10000; i++ {
			numbers <- i
		}
		close(numbers)
		group.Wait()
		close(squares)
	}()
	sum := 0
	for s := range squares {
		sum += s
	}
	fmt.Println("goroutines", sum)
	var mutex sync.RWMutex
	counts := map[int]int{}
	for i := 0; i < 50; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for j := 0; j < 200; j++ {
				mutex.Lock()
				counts[j]++
				mutex.Unlock()
				mutex.RLock()
				_ = counts[i]
				mutex.RUnlock()
			}
		}(i)
	}
	group.Wait()
	fmt.Println("map", len(counts), counts[7])
	select {
	case <-time.After(20 * time.Millisecond):
		fmt.Println("after")
	case <-make(chan int):
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err())
}

// One processor and loops without a call: only signals can preempt them.
func preemption() {
	before := runtime.GOMAXPROCS(1)
	var stop, ticks int64
	var group sync.WaitGroup
	for i := 0; i < 3; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for atomic.LoadInt64(&stop) == 0 {
			}
		}()
	}
	for i := 0; i < 20; i++ {
		time.Sleep(time.Millisecond)
		ticks++
	}
	runtime.GC()
	atomic.StoreInt64(&stop, 1)
	group.Wait()
	fmt.Println("preempted", ticks)
	runtime.GOMAXPROCS(before)
}

type node struct {
	left, right *node
	payload     []byte
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{payload: make([]byte, 64)}
	}
	return &node{tree(depth - 1), tree(depth - 1), nil}
}
func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}

func collector() {
	debug.SetGCPercent(20)
	var group sync.WaitGroup
	var total int64
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 8; j++ {
				atomic.AddInt64(&total, int64(tree(12).count()))
			}
		}()
	}
	group.Wait()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	debug.FreeOSMemory()
	fmt.Println("collector", total, stats.NumGC > 3)
	debug.SetGCPercent(100)
	finalized := make(chan bool)
	runtime.SetFinalizer(&node{}, func(*node) { finalized <- true })
	runtime.GC()
	fmt.Println("finalized", <-finalized)
}

func faults() {
	try := func(name string, f func()) {
		defer func() { fmt.Println(name, recover()) }()
		f()
	}
	var nothing *node
	try("nil", func() { nothing.payload = nil })
	try("index", func() { _ = nothing.count(); _ = []int{1}[nothing.count()+5] })
	zero := 0
	try("divide", func() { fmt.Println(1 / zero) })
	debug.SetPanicOnFault(true)
}

func signals() {
	got := make(chan os.Signal, 10)
	signal.Notify(got, syscall.SIGUSR1, syscall.SIGHUP)
	must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	fmt.Println(<-got)
	process, err := os.FindProcess(os.Getpid())
	must(err)
	must(process.Signal(syscall.SIGHUP))
	fmt.Println(<-got)
	signal.Ignore(syscall.SIGHUP)
	must(process.Signal(syscall.SIGHUP))
}

func processes() {
	command := exec.Command("cat")
	command.Stdin = strings.NewReader(strings.Repeat("x", 300000))
	out, err := command.Output()
	fmt.Println("cat", len(out), err)
	var exit *exec.ExitError
	err = exec.Command("sh", "-c", "exit 7").Run()
	fmt.Println(errors.As(err, &exit), err)
	_, err = exec.LookPath("no-such-program")
	fmt.Println(err)
	fmt.Println(exec.Command("/does/not/exist").Run())
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	fmt.Println(exec.CommandContext(ctx, "sleep", "30").Run())
	var group sync.WaitGroup
	results := make([]string, 8)
	for i := range results {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			out, err := exec.Command("echo", fmt.Sprint("process ", i)).Output()
			must(err)
			results[i] = strings.TrimSpace(string(out))
		}(i)
	}
	group.Wait()
	fmt.Println(results)
	combined, err := exec.Command("sh", "-c", "echo out; echo err >&2; kill -9 $$").CombinedOutput()
	fmt.Printf("%q %v\n", combined, err)
}

func web() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %x", r.URL.Path, sha256.Sum256(body))
	})}
	go server.Serve(listener)
	url := "http://" + listener.Addr().String()
	var group sync.WaitGroup
	var right int64
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for j := 0; j < 10; j++ {
				body := bytes.Repeat([]byte{byte(i)}, 1000*j)
				answer, err := http.Post(fmt.Sprintf("%s/%d/%d", url, i, j), "text/plain", bytes.NewReader(body))
				must(err)
				text, err := io.ReadAll(answer.Body)
				must(err)
				answer.Body.Close()
				if string(text) == fmt.Sprintf("/%d/%d %x", i, j, sha256.Sum256(body)) {
					atomic.AddInt64(&right, 1)
				}
			}
		}(i)
	}
	group.Wait()
	fmt.Println("answers", right)
	must(server.Shutdown(context.Background()))
	_, err = net.DialTimeout("tcp", listener.Addr().String(), time.Second)
	fmt.Println(errors.Is(err, syscall.ECONNREFUSED))
	unix, err := net.Listen("unix", "socket")
	must(err)
	go func() { c, _ := unix.Accept(); io.Copy(c, c); c.Close() }()
	c, err := net.Dial("unix", "socket")
	must(err)
	fmt.Fprint(c, "through a unix socket")
	c.(*net.UnixConn).CloseWrite()
	echo, _ := io.ReadAll(c)
	fmt.Println(string(echo))
	must(c.SetReadDeadline(time.Now().Add(-time.Second)))
	packet, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(err)
	must(packet.SetReadDeadline(time.Now().Add(30 * time.Millisecond)))
	_, _, err = packet.ReadFrom(make([]byte, 10))
	fmt.Println(os.IsTimeout(err))
}

func files() {
	must(os.MkdirAll("a/b", 0755))
	for i := 0; i < 100; i++ {
		must(os.WriteFile(fmt.Sprintf("a/b/%02d", i), make([]byte, i), 0600))
	}
	var names []string
	size := int64(0)
	must(filepath.Walk("a", func(path string, info os.FileInfo, err error) error {
		names = append(names, path)
		if !info.IsDir() {
			size += info.Size()
		}
		return err
	}))
	sort.Strings(names)
	fmt.Println(len(names), names[3], size)
	f, err := os.OpenFile("a/x", os.O_RDWR|os.O_CREATE, 0644)
	must(err)
	_, err = f.WriteAt([]byte("end"), 1<<20)
	must(err)
	info, _ := f.Stat()
	fmt.Println(info.Size(), info.Mode())
	memory, err := syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	must(err)
	copy(memory, "mapped")
	must(syscall.Munmap(memory))
	start := make([]byte, 6)
	_, err = f.ReadAt(start, 0)
	fmt.Println(string(start), err)
	must(os.RemoveAll("a"))
	_, err = os.Stat("a/x")
	fmt.Println(os.IsNotExist(err))
}

func main() {
	goroutines()
	preemption()
	collector()
	faults()
	signals()
	processes()
	web()
	files()
	more()
	os.Exit(4)
}
