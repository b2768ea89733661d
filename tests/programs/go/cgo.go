//go:build cgo

package main

/*
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
int called_from_c(int);
static void* in_thread(void* n) { return (void*)(long)called_from_c((int)(long)n); }
static long from_a_thread(int n) {
    pthread_t thread;
    void* result;
    pthread_create(&thread, NULL, in_thread, (void*)(long)n);
    pthread_join(thread, &result);
    return (long)result;
}
static int fails(void) { errno = ENOSPC; return -1; }
static int compare(const void* a, const void* b) { return *(const int*)a - *(const int*)b; }
static void sort(int* numbers, int count) { qsort(numbers, count, sizeof *numbers, compare); }
*/
import "C"

import (
	"fmt"
	"net"
	"os/user"
	"runtime"
	"sync"
	"unsafe"
)

//export called_from_c
func called_from_c(n C.int) C.int {
	runtime.GC()
	return n * 2
}

func more() {
	numbers := []C.int{5, 2, 4, 1, 3}
	C.sort(&numbers[0], C.int(len(numbers)))
	fmt.Println("cgo", numbers)
	_, err := C.fails()
	fmt.Println(err)
	var group sync.WaitGroup
	results := make([]int, 16)
	for i := range results {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			text := C.CString("text")
			defer C.free(unsafe.Pointer(text))
			results[i] = int(C.from_a_thread(C.int(i))) + int(C.strlen(text))
		}(i)
	}
	group.Wait()
	fmt.Println(results)
	me, err := user.Current()
	fmt.Println(me.Username, err)
	addresses, err := net.LookupHost("localhost")
	fmt.Println(len(addresses) > 0, err)
}
