package bench_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// strangers is how many clients without a credential send at once.
	strangers = 20
	// strangersMemory is what they may take together, over the idle server, in bytes.
	strangersMemory = 60 << 20
)

// BenchmarkStrangers sends bodies without a credential, all at once. It reports the
// most memory that they take over the idle server, in MB and as a ratio to what they
// may take, and the bytes allocated for each byte sent.
func BenchmarkStrangers(b *testing.B) {
	address := serve(b, "memory:")
	for _, size := range []int{16 << 10, 1 << 20} {
		for name, body := range map[string]string{
			"form": "Content-Type: application/x-www-form-urlencoded\r\n\r\n" + deepForm(size),
			"json": "Content-Type: application/json\r\n\r\n{\"a\":[" + strings.Repeat(`{"":0},`, size/7-2) + "0]}",
		} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				head, content, _ := strings.Cut(body, "\r\n\r\n")
				request := fmt.Appendf(nil, "PUT /api/v4/namespaces/50/gitlab_subscription HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n\r\n%s", len(content), head, content)
				var most, allocated uint64
				for b.Loop() {
					peak, bytes := memoryOf(func() { sendAtOnce(b, address, request) })
					most, allocated = max(most, peak), allocated+bytes
				}
				b.ReportMetric(float64(most)/(1<<20), "MB-peak")
				b.ReportMetric(float64(most)/strangersMemory, "of-60MB")
				b.ReportMetric(float64(allocated)/float64(b.N*strangers*len(request)), "allocated/byte")
			})
		}
	}
}

// sendAtOnce sends a request on as many connections as there are strangers. Each has
// to be refused.
func sendAtOnce(b *testing.B, address string, request []byte) {
	b.Helper()
	var all sync.WaitGroup
	for range strangers {
		all.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			if _, err := conn.Write(request); err != nil {
				b.Error(err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || answer.StatusCode != http.StatusUnauthorized {
				b.Errorf("got %v, %v, want a refusal", answer, err)
			}
		})
	}
	all.Wait()
}

// memoryOf returns the most memory that the heap takes while do runs, over what it took
// before, and the bytes that are allocated.
func memoryOf(do func()) (peak, allocated uint64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	idle := heapBytes()
	done, watched := make(chan struct{}), make(chan uint64)
	go func() {
		most := heapBytes()
		for {
			select {
			case <-done:
				watched <- max(most, heapBytes())
				return
			case <-time.After(time.Millisecond):
				most = max(most, heapBytes())
			}
		}
	}()
	do()
	close(done)
	most := <-watched
	runtime.ReadMemStats(&after)
	return most - min(idle, most), after.TotalAlloc - before.TotalAlloc
}

// heapBytes returns the memory of all objects, whether they are in use or not yet
// collected.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// deepForm returns a form of about size bytes whose pairs have 28 steps each.
func deepForm(size int) string {
	var text strings.Builder
	for i := 0; text.Len() < size-100; i++ {
		fmt.Fprintf(&text, "%d%s=&", i, strings.Repeat("[b]", 28))
	}
	return text.String()
}
