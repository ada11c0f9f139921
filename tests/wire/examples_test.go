package wire_test

import (
	"path/filepath"
	"testing"
	"time"

	"gatehouse/adapters/demo"
	"gatehouse/adapters/memory"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/world"
)

// TestExamples holds the server to the documented examples, which are beside
// the demo that plays them. One server answers all of them in their order.
func TestExamples(t *testing.T) {
	t.Parallel()
	examples, err := demo.Examples()
	if err != nil {
		t.Fatal(err)
	}
	config, err := config.Load(config.Sources{Flags: demo.Settings(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	const revision = "d69c988e6a6"
	ports := bootstrap.MemoryPorts(memory.New())
	built, err := bootstrap.Build(config, ports, bootstrap.Fakes{Clock: func() time.Time { return now }, Revision: revision})
	if err != nil {
		t.Fatal(err)
	}
	words, err := demo.ReadWords(config.Shell.SecretFile, config.Kas.SecretFile, revision)
	if err != nil {
		t.Fatal(err)
	}
	world.Apply(t, ports.WorldImport, demo.World)
	for _, e := range examples {
		t.Run(e.Name, func(t *testing.T) {
			if e.World != "" {
				world.Apply(t, ports.WorldImport, e.World)
			}
			request := e.Fill(words).Request
			got := serve(t, built.Handlers.Internal, request, request.Header(), request.Content())
			check(t, filepath.Join("../../adapters/demo/examples", e.Name+".res.json"), got, words)
		})
	}
}
