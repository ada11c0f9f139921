package pgtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"time"

	dockercontainer "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/postgres"
)

const (
	// registryTimeout is the limit for the first message from a registry. On a
	// machine without network the next source is tried soon.
	registryTimeout = 5 * time.Second
	// pullTimeout is the limit for the download of an image.
	pullTimeout = 5 * time.Minute
)

// container starts a server in a container.
func container(ctx context.Context) (_ *server, err error) {
	defer func() {
		if r := recover(); r != nil { // the library panics without a container engine
			err = fmt.Errorf("%v", r)
		}
	}()
	engine, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = engine.Close() }()
	image := cmp.Or(os.Getenv("TEST_POSTGRES_IMAGE"), "postgres:17-alpine")
	if err := obtain(ctx, engine, image); err != nil {
		return nil, err
	}
	//lint:ignore SA1019 no other name has the library's image for its reaper
	reaper := testcontainers.ReaperDefaultImage
	if os.Getenv("TESTCONTAINERS_RYUK_DISABLED") == "" && obtain(ctx, engine, reaper) != nil {
		if err := os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"); err != nil {
			return nil, err
		}
	}

	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	command := []string{"postgres"}
	for _, setting := range settings {
		command = append(command, "-c", setting)
	}
	box, err := postgres.Run(ctx, image,
		postgres.WithPassword(rand.Text()),
		postgres.BasicWaitStrategies(),
		testcontainers.WithCmd(command...),
		// In memory a database is copied in half the time. Away from the place
		// of the image's volume, which has moved between its versions.
		testcontainers.WithEnv(map[string]string{"PGDATA": "/pgdata"}),
		testcontainers.WithTmpfs(map[string]string{"/pgdata": "rw"}),
		testcontainers.WithLabels(map[string]string{"gatehouse.pgtest": cmp.Or(os.Getenv("TEST_POSTGRES_LABEL"), "1")}),
		testcontainers.WithHostConfigModifier(func(h *dockercontainer.HostConfig) { h.ShmSize = 512 << 20 }),
	)
	stop := func() error { return testcontainers.TerminateContainer(box, testcontainers.StopTimeout(0)) }
	if err != nil {
		_ = stop()
		return nil, err
	}
	dsn, err := box.ConnectionString(ctx, "sslmode=disable")
	if err != nil {
		_ = stop()
		return nil, err
	}
	s, err := newServer(ctx, "a container of "+image, dsn, stop)
	if err != nil {
		_ = stop()
	}
	return s, err
}

// obtain pulls an image unless the engine has it. The library would pull it
// too, but without a registry it tries for a quarter of an hour.
func obtain(ctx context.Context, engine client.ImageAPIClient, image string) error {
	if _, err := engine.ImageInspect(ctx, image); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	silence := time.AfterFunc(registryTimeout, cancel)
	pull, err := engine.ImagePull(ctx, image, client.ImagePullOptions{})
	if err != nil {
		return fmt.Errorf("pull %s: %w", image, err)
	}
	for message, err := range pull.JSONMessages(ctx) {
		silence.Stop()
		if err == nil && message.Error != nil {
			err = message.Error
		}
		if err != nil {
			return fmt.Errorf("pull %s: %w", image, err)
		}
	}
	return nil
}
