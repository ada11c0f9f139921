//go:build !linux

package clients_test

import "time"

// processorTime returns 0: only Linux tells it for one thread.
func processorTime() time.Duration { return 0 }
