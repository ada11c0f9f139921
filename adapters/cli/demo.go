package cli

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/domain/identity"
)

//go:embed demo.yaml
var demoWorld []byte

// demoAddress is where the documentation's examples call.
const demoAddress = "127.0.0.1:3001"

// demoKey is the key that the examples ask for.
const demoKey identity.KeyID = 11

func demo(streams Streams) *cobra.Command {
	var flags configFlags
	var playing bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Serve a demo world, with every documented call ready to paste",
		Long: `Serve a demo world: the users, keys, projects and namespaces of GitLab's own
documentation, in a database that is thrown away at the end. Every documented call
is printed as a curl command. No configuration file and no variable counts.

With --play the calls are made here and now, and compared with the documented
answers; the exit code is 0 if all are as documented.`,
		Example: "  gatehouse demo\n  gatehouse demo --play",
		Args:    cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error {
			values, err := flags.values()
			if err != nil {
				return err
			}
			stage, err := newStage(values, playing)
			if err != nil {
				return err
			}
			err = stage.run(ctx, streams, playing)
			return errors.Join(err, os.RemoveAll(stage.dir))
		}),
	}
	c.Flags().BoolVar(&playing, "play", false, "make the calls, compare the answers, and end")
	flags.addValues(c, "address")
	return c
}

// stage is a demo's configuration and world in a folder of their own.
type stage struct {
	dir    string
	config bootstrap.Config
	world  worldimport.World
}

// newStage prepares a demo; values override its settings by their keys.
func newStage(values map[string]string, playing bool) (*stage, error) {
	world, err := worldfile.Parse(demoWorld)
	if err != nil {
		return nil, fmt.Errorf("demo world: %w", err)
	}
	dir, err := os.MkdirTemp("", "gatehouse-demo-")
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		"http.address":       demoAddress,
		"database.url":       filepath.Join(dir, "gatehouse.db"),
		"shell.secret_file":  filepath.Join(dir, ".gitlab_shell_secret"),
		"kas.secret_file":    filepath.Join(dir, ".gitlab_kas_secret"),
		"instance.key_file":  filepath.Join(dir, ".gatehouse_key"),
		"gitaly.storages":    `[{name: default, address: "unix:/Users/bvl/repos/gitlab/gitaly.socket"}]`,
		"gitaly.connect":     "false", // nobody is there
		"git.config_options": "[]",
		"version":            "12.3.0-pre",
		// The documentation's token ended in 2020.
		"tokens.allow_past_expiry": "true",
	}
	if playing {
		all["log.level"] = "error"
		all["http.address"] = freeAddress()
	}
	if given, ok := values["database.url"]; ok && given != "memory:" {
		return nil, errors.Join(misused("the demo's data is thrown away, and in no database of yours; see serve --world"), os.RemoveAll(dir))
	}
	maps.Copy(all, values)
	config, err := bootstrap.Load(bootstrap.Sources{Flags: all})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &stage{dir, config, world}, nil
}

// freeAddress is the documented one or, if that is taken, any.
func freeAddress() string {
	listener, err := net.Listen("tcp", demoAddress)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "127.0.0.1:0"
	}
	if err == nil {
		_ = listener.Close()
	}
	return demoAddress
}

// run serves until ctx is done or, if playing, until the play is over.
func (s *stage) run(ctx context.Context, streams Streams, playing bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var registrar *worldimport.Importer
	listening, ended := make(chan bootstrap.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- bootstrap.Run(ctx, s.config,
			bootstrap.WithLog(bootstrap.NewLogger(s.config.Log, streams.Err)),
			bootstrap.WithWorld(bootstrap.World{Name: "demo", World: s.world}),
			bootstrap.WithImporter(&registrar),
			bootstrap.WhenListening(func(at bootstrap.Addresses) { listening <- at }))
	}()
	select {
	case err := <-ended:
		return err
	case at := <-listening:
		err := s.show(ctx, streams.Out, "http://"+at.TCP, playing, registrar)
		if err != nil || playing {
			cancel()
		}
		return errors.Join(err, <-ended)
	}
}

// show prints the examples, or plays them.
func (s *stage) show(ctx context.Context, w io.Writer, base string, playing bool, registrar *worldimport.Importer) error {
	known, err := s.known()
	switch {
	case err != nil:
		return err
	case playing:
		return perform(ctx, w, base, known, registrar)
	default:
		return s.print(w, base, known)
	}
}

// known is what stands for the words of the examples.
func (s *stage) known() (map[string]string, error) {
	secret, err := os.ReadFile(s.config.Shell.SecretFile)
	if err != nil {
		return nil, err
	}
	token, err := kasToken(s.config.Kas.SecretFile)
	if err != nil {
		return nil, err
	}
	known := map[string]string{
		secretWord: base64.StdEncoding.EncodeToString(bytes.TrimSpace(secret)),
		jwtWord:    token, agentTokenWord: demoAgentToken,
	}
	for _, key := range s.world.Keys {
		if key.Key.ID == demoKey {
			_, known[keyWord], _ = strings.Cut(key.Key.Line, " ") // as OpenSSH passes it
		}
	}
	return known, nil
}

func (s *stage) print(w io.Writer, base string, known map[string]string) error {
	_, err := fmt.Fprintf(w, "The demo world is served at %s until Ctrl-C; its data and secret are in\n%s and go with it.\n\n", base, s.dir)
	for _, e := range examples {
		_, _ = fmt.Fprintf(w, "# %s\n%s%s\n\n", e.title, e.prepare(string(s.config.Database.URL)), e.fill(known).curl(base))
	}
	return err
}

// perform plays and says in a last line how it went.
func perform(ctx context.Context, w io.Writer, base string, known map[string]string, registrar *worldimport.Importer) error {
	wrong := play(ctx, w, base, known, registrar)
	if len(wrong) > 0 {
		return fmt.Errorf("%d of %d examples were not answered as documented: %s", len(wrong), len(examples), strings.Join(wrong, ", "))
	}
	_, err := fmt.Fprintf(w, "All %d examples were answered as documented.\n", len(examples))
	return err
}
