// Command gatehouse is GitLab's internal API as a program of its own.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"gatehouse/adapters/cli"
)

func main() {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(cli.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Hangups: hangups}, os.Args[1:]))
}
