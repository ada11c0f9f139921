package system_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/tests/servertest"
)

var appliedUsers = flag.Int("users", 2000, "how many users are applied beside a server")

// TestApply_besidePushes applies many users to the database of a server, in another
// process than the server's, while pushes come in: each is answered and recorded.
func TestApply_besidePushes(t *testing.T) {
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		server := servertest.Spawn(t, config, servertest.World)
		data := servertest.OpenData(t, config)
		var text strings.Builder
		text.WriteString("users:\n")
		for i := range *appliedUsers {
			fmt.Fprintf(&text, "  - {username: applied%d}\n", i)
		}
		stop, pushed := make(chan struct{}), make(chan []time.Duration)
		go func() { pushed <- pushUntil(t, server, stop) }()
		began := time.Now()
		data.Apply(t, text.String())
		took := time.Since(began)
		close(stop)
		waited := <-pushed
		if got := len(data.List(t, "pushes")); got != len(waited) {
			t.Errorf("got %d of %d pushes", got, len(waited))
		}
		slices.Sort(waited)
		t.Logf("%d users in %v: %d pushes, half of them in %v, all in %v", *appliedUsers, took, len(waited), waited[len(waited)/2], waited[len(waited)-1])
	})
}

// pushUntil sends one push after the other, and returns how long each took.
func pushUntil(t *testing.T, server *servertest.Process, stop <-chan struct{}) (waited []time.Duration) {
	for {
		began := time.Now()
		a, err := server.Send(t.Context(), servertest.Call{Route: "POST /post_receive", Body: servertest.PostReceive(fmt.Sprintf("b%d", len(waited)))})
		if err != nil {
			t.Errorf("push: %v", err)
		}
		a.Want(t, "push", 200, servertest.Decreased)
		waited = append(waited, time.Since(began))
		select {
		case <-stop:
			return waited
		case <-time.After(20 * time.Millisecond):
		}
	}
}
