package faults_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// sum is a row of the table: all attempts of a kind on a database.
type sum struct {
	attempts, failed int
	requests         int64
	findings         map[string]int
	figures          figures
}

func (r *run) row(kind, database string) *sum {
	key := [2]string{kind, database}
	if r.sums[key] == nil {
		r.sums[key] = &sum{findings: map[string]int{}}
	}
	return r.sums[key]
}

func (r *run) skip(k kind, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.row(k.name, "SKIPPED: "+why).attempts++
}

func (r *run) add(a *attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.row(a.kind.name, a.database).add(a)
	r.row("all", "").add(a)
}

func (s *sum) add(a *attempt) {
	s.attempts++
	if len(a.findings) > 0 || a.t.Failed() {
		s.failed++
	}
	for _, f := range a.findings {
		s.findings[f.check]++
	}
	s.requests += a.requests.Load()
	s.figures.acknowledged += a.figures.acknowledged
	s.figures.recorded += a.figures.recorded
	s.figures.logged += a.figures.logged
	s.figures.lost += a.figures.lost
	s.figures.events += a.figures.events
	s.figures.recovery = max(s.figures.recovery, a.figures.recovery)
}

// table returns what happened, a row for each kind and database.
func (r *run) table(took time.Duration) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "fault\tattempts\tfailed\tacknowledged\trecorded\tin the log\tlost\trequests\twrong rights\tevents\twrong events\tstuck counters\tunhealthy\tslowest recovery\tdatabase\t")
	keys := slices.SortedFunc(maps.Keys(r.sums), func(a, b [2]string) int {
		return strings.Compare(strings.Replace(strings.Join(a[:], " "), "all", "~", 1), strings.Replace(strings.Join(b[:], " "), "all", "~", 1))
	})
	for _, key := range keys {
		s := r.sums[key]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t%s\t\n", key[0], s.attempts, s.failed,
			s.figures.acknowledged, s.figures.recorded, s.figures.logged, s.figures.lost, s.requests, s.findings[checkRights],
			s.figures.events, s.findings[checkEvents], s.findings[checkCounters], s.findings[checkHealth], s.figures.recovery.Round(time.Millisecond), key[1])
	}
	_ = w.Flush()
	attempts := 0
	if all := r.sums[[2]string{"all", ""}]; all != nil {
		attempts = max(1, all.attempts)
		fmt.Fprintf(&text, "%d attempts in %v, %v each\n", all.attempts, took.Round(time.Second), (took / time.Duration(attempts)).Round(time.Millisecond))
	}
	return text.String()
}
