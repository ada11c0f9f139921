// Package demoserver runs a server on the demo world for as long as its examples
// are tried or played, on files of its own.
package demoserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"syscall"

	"gatehouse/adapters/demo"
	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// Options say how a demo runs.
type Options struct {
	// Settings override those of the demo, by their keys.
	Settings map[string]string
	// Play makes the calls of the examples instead of printing them, and then
	// ends the server.
	Play bool
	// Out gets the examples, Log the server's log.
	Out, Log io.Writer
	// Hangups makes the server read its secret files again for each value.
	Hangups <-chan os.Signal
}

// Run serves the demo world until ctx is done or, with Play, until every
// example has been called. It fails if an example was not answered as
// documented. Database and secrets are in a temporary folder, which it removes.
func Run(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp("", "gatehouse-demo-")
	if err != nil {
		return err
	}
	return errors.Join(o.run(ctx, dir), os.RemoveAll(dir))
}

func (o Options) run(ctx context.Context, dir string) error {
	world, err := worldfile.Parse([]byte(demo.World))
	if err != nil {
		return fmt.Errorf("demo world: %w", err)
	}
	examples, err := demo.Examples()
	if err != nil {
		return err
	}
	secondAct, err := demo.SecondAct()
	if err != nil {
		return err
	}
	sources := config.Sources{Flags: o.settings(dir)}
	load := func() (config.Config, error) { return config.Load(sources) }
	config, err := load()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var importer *worldimport.Importer
	listening, ended := make(chan bootstrap.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- bootstrap.Run(ctx, config,
			bootstrap.WithLogOutput(o.Log),
			bootstrap.WithReload(bootstrap.Reload{Requests: o.Hangups, Load: load}),
			bootstrap.WithGRPCLog(),
			bootstrap.WithWorld(bootstrap.World{Name: "demo", World: world}),
			bootstrap.WithImporter(&importer),
			bootstrap.WhenListening(func(at bootstrap.Addresses) { listening <- at }))
	}()
	select {
	case err := <-ended:
		return err
	case at := <-listening:
		err := o.show(ctx, running{dir, "http://" + at.TCP, config, importer}, examples, secondAct)
		if err != nil || o.Play {
			cancel()
		}
		return errors.Join(err, <-ended)
	}
}

// settings returns the server's settings by their keys.
func (o Options) settings(dir string) map[string]string {
	all := demo.Settings(dir)
	if o.Play {
		all["log.level"] = "error"
		all["http.address"] = freeAddress()
	}
	maps.Copy(all, o.Settings)
	return all
}

// freeAddress returns the documented address or, if another process has it, one
// with a port that the system chooses.
func freeAddress() string {
	listener, err := net.Listen("tcp", demo.Address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "127.0.0.1:0"
	}
	if err == nil {
		_ = listener.Close()
	}
	return demo.Address
}

// running is a server that listens.
type running struct {
	dir, base string
	config    config.Config
	importer  *worldimport.Importer
}

// show prints the examples and the second act, or plays them.
func (o Options) show(ctx context.Context, r running, examples, secondAct []demo.Example) error {
	words, err := demo.ReadWords(r.config.Shell.SecretFile, r.config.Kas.SecretFile, bootstrap.Revision())
	if err != nil {
		return err
	}
	for _, calls := range [][]demo.Example{examples, secondAct} {
		for i, e := range calls {
			calls[i] = e.Fill(words)
		}
	}
	if o.Play {
		player := demo.Player{Base: r.base, Apply: r.apply}
		return errors.Join(player.Play(ctx, o.Out, examples), player.PlaySecondAct(ctx, o.Out, secondAct))
	}
	_, err = fmt.Fprintf(o.Out, "The demo world is served at %s until Ctrl-C; its data and secret are in\n%s and go with it.\n\n", r.base, r.dir)
	if err != nil {
		return err
	}
	return errors.Join(
		demo.Print(o.Out, r.base, string(r.config.Database.URL), examples),
		demo.PrintSecondAct(o.Out, r.base, string(r.config.Database.URL), secondAct),
	)
}

// apply applies the text of a world file to the server's data.
func (r running) apply(ctx context.Context, text string) error {
	world, err := worldfile.Parse([]byte(text))
	if err == nil {
		_, err = r.importer.Import(ctx, world)
	}
	return err
}
