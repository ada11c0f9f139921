package bench_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// kinds are what the generator can ask, by name.
var kinds = map[string]func(h heads, w world) requestWriter{
	"mix":   func(h heads, w world) requestWriter { return h.mixed(w) },
	"plain": func(h heads, w world) requestWriter { return h.fetch(w.plain) },
	"heavy": func(h heads, w world) requestWriter { return h.fetch(w.heavy) },
	"slow":  func(h heads, w world) requestWriter { return h.fetch(w.slow) },
	"deep":  func(h heads, w world) requestWriter { return h.fetch(w.deep) },
	"push":  func(h heads, w world) requestWriter { return h.wholePush(w, w.member) },
	"key":   func(h heads, w world) requestWriter { return h.authorizedKey(w.users) },
}

// order tells the generator which server to ask, what and for how long.
type order struct {
	Address     string
	World       string
	Kind        string
	Connections int
	Interval    time.Duration
	// Beside is what one more connection asks all the time, whose answers do not count; empty
	// for none.
	Beside string
	// Fresh opens connections anew. Else they are those of the last order that differs in
	// nothing but the interval: a server closes what it was not asked on for a while.
	Fresh bool
}

// connections are those of an order, whatever its interval.
func (o order) connections() order {
	o.Interval, o.Fresh = 0, false
	return o
}

// generate is the generator: it obeys orders, a line each, and answers each with a throughput.
func generate(in io.Reader, out io.Writer) error {
	orders, results := json.NewDecoder(in), json.NewEncoder(out)
	open := map[order]*clientGroup{}
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			return err
		}
		group := open[o.connections()]
		if group != nil && o.Fresh {
			group.close()
		}
		if group == nil || o.Fresh {
			w, err := worldNamed(o.World)
			if err == nil {
				group, err = o.dial(w)
			}
			if err != nil {
				return err
			}
			open[o.connections()] = group
		}
		done, err := group.work(o.Interval)
		if err == nil {
			err = results.Encode(done)
		}
		if err != nil {
			return err
		}
	}
}

// dial opens the connections of an order.
func (o order) dial(w world) (*clientGroup, error) {
	h := newHeads()
	group, err := dial(o.Kind, o.Address, func() requestWriter { return kinds[o.Kind](h, w) }, o.Connections)
	if err != nil || o.Beside == "" {
		return group, err
	}
	group.beside, err = dial(o.Beside, o.Address, func() requestWriter { return kinds[o.Beside](h, w) }, 1)
	if err != nil {
		group.close()
	}
	return group, err
}

// generator is the process that generates load.
type generator struct {
	in      io.WriteCloser
	out     *bufio.Reader
	command *exec.Cmd
}

// startGenerator starts the process. It ends with its input.
func startGenerator() (*generator, error) {
	command, err := task{Name: loadTask}.command()
	if err != nil {
		return nil, err
	}
	g := &generator{command: command}
	if g.in, err = command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	g.out, command.Stderr = bufio.NewReader(out), os.Stderr
	return g, command.Start()
}

func (g *generator) work(o order) (throughput, error) {
	var done throughput
	line, err := json.Marshal(o)
	if err == nil {
		_, err = g.in.Write(append(line, '\n'))
	}
	if err == nil {
		line, err = g.out.ReadBytes('\n')
	}
	if err == nil {
		err = json.Unmarshal(line, &done)
	}
	if err == nil && done.Answers == 0 {
		err = fmt.Errorf("no answer within %v", o.Interval)
	}
	return done, err
}

func (g *generator) close() {
	_ = g.in.Close()
	_ = g.command.Wait() // it ends because its input does
}
