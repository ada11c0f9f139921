package bench_test

import (
	"strconv"
	"testing"
)

// requestsOfPush are the requests of one push: GitLab Shell asks whether the user may push
// at all; then Gitaly asks whether the changes are allowed, announces them, and reports that
// it has made them.
const requestsOfPush = 4

// wholePush returns the requests of pushes, one after the other. Each push makes a branch
// in the project that pick returns.
func (h heads) wholePush(w world, pick func() (key, project int)) requestWriter {
	var key, project, sent int
	path := func() (int, string) { return key, w.path(project) }
	steps := [requestsOfPush]requestWriter{
		h.access("git-receive-pack", path, granted),
		func(scratch []byte) (request, want []byte) {
			return post(h.allowed, scratch, func(body []byte) []byte {
				body = append(body, `{"action":"git-receive-pack","gl_repository":"project-`...)
				body = strconv.AppendInt(body, int64(project), 10)
				body = append(body, `","project":"/var/opt/repositories/`+placeOnDisk+`","changes":"`+newBranch+`","protocol":"ssh","relative_path":"`+placeOnDisk+
					`","env":"{\"GIT_ALTERNATE_OBJECT_DIRECTORIES_RELATIVE\":[\"objects\"],\"GIT_OBJECT_DIRECTORY_RELATIVE\":\"objects/tmp_objdir-incoming-x\"}","key_id":"`...)
				body = strconv.AppendInt(body, int64(key), 10)
				return append(body, `"}`...)
			}), granted
		},
		func(scratch []byte) (request, want []byte) {
			return post(h.preReceive, scratch, func(body []byte) []byte {
				body = append(body, `{"gl_repository":"project-`...)
				body = strconv.AppendInt(body, int64(project), 10)
				return append(body, `"}`...)
			}), granted
		},
		func(scratch []byte) (request, want []byte) {
			return h.received(scratch, key, project, newBranch), granted
		},
	}
	return func(scratch []byte) (request, want []byte) {
		step := sent % requestsOfPush
		if step == 0 {
			key, project = pick()
		}
		sent++
		return steps[step](scratch)
	}
}

const (
	placeOnDisk = "@hashed/6b/86/6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b.git"
	// newBranch is the change of a push as it is in JSON.
	newBranch = `0000000000000000000000000000000000000000 2222222222222222222222222222222222222222 refs/heads/topic\n`
)

// received returns Gitaly's request after a push of these changes.
func (h heads) received(scratch []byte, key, project int, changes string) (request []byte) {
	return post(h.postReceive, scratch, func(body []byte) []byte {
		body = append(body, `{"changes":"`...)
		body = append(body, changes...)
		body = append(body, `","gl_repository":"project-`...)
		body = strconv.AppendInt(body, int64(project), 10)
		body = append(body, `","identifier":"key-`...)
		body = strconv.AppendInt(body, int64(key), 10)
		return append(body, `","push_options":null}`...)
	})
}

// push is how many pushes the server receives in a second, as a ratio to the floor. Each has
// a database of its own, made for this: jobs of the server would do what the floor records.
func (b *yardstick) push(w world, name string, open func(testing.TB, world) (url string)) measurement {
	return measurement{rows: []heading{{name + ", push", atLeast(0.8)}}, do: func() []reading {
		server, floor := startServer(b.t, "server", b.program, open(b.t, w), w), startFloor(b.t, open(b.t, w), w)
		defer server.stop() // it has jobs to do for long
		defer floor.stop()
		samples := b.alternate(tableInterval, 8, ask{process: server, kind: "push"}, ask{process: floor, kind: "push"})
		return []reading{compared(samples, "pushes/s", func(s sample) float64 { return float64(s.Answers) / requestsOfPush / s.Took.Seconds() })}
	}}
}
