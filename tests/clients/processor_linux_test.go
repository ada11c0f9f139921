package clients_test

import (
	"runtime"
	"syscall"
	"time"
)

// processorTime returns how long the calling goroutine's thread was on a processor. The
// goroutine stays on its thread from then on, so that what others do does not count.
func processorTime() time.Duration {
	runtime.LockOSThread()
	const thisThread = 1 // RUSAGE_THREAD
	var usage syscall.Rusage
	if err := syscall.Getrusage(thisThread, &usage); err != nil {
		panic(err) // there is always a thread
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
