// Command program is gatehouse with a clock that a test can step, and with a fault that
// a test can plant. Both are asked for by environment variables; without them it is the
// program of cmd/gatehouse.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"go.uber.org/fx"

	"gatehouse/adapters/cli"
	"gatehouse/application"
	"gatehouse/bootstrap"
)

// The variables. clockVariable names a file that holds how far the clock is ahead, as
// time.ParseDuration reads it; plantVariable is a key of planted.
const (
	clockVariable = "FAULTS_CLOCK"
	plantVariable = "FAULTS_PLANT"
)

func main() {
	var options []bootstrap.Option
	if file := os.Getenv(clockVariable); file != "" {
		options = append(options, fx.Replace(steppedClock(file)))
	}
	if name := os.Getenv(plantVariable); name != "" {
		option, ok := planted[name]
		if !ok {
			fmt.Fprintln(os.Stderr, "there is no fault", name)
			os.Exit(2)
		}
		options = append(options, option)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:], options...))
}

// steppedClock returns the machine's clock plus what the file says at that moment.
func steppedClock(file string) application.Clock {
	return func() time.Time {
		text, err := os.ReadFile(file)
		ahead, malformed := time.ParseDuration(strings.TrimSpace(string(text)))
		if err != nil || malformed != nil {
			panic(fmt.Sprintf("%s does not tell the time: %v, %v", file, err, malformed))
		}
		return time.Now().UTC().Add(ahead)
	}
}
