package bench_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// A row of the table compares the server with the floor, or with itself in another case.
// Machines differ, and other load on them varies, so what counts is the ratio of two
// figures that were measured in turn.

// heading is what a row measures, and the ratio that it should reach.
type heading struct {
	name string
	goal goal
}

// goal is the ratio that a row should reach; the zero one is none.
type goal struct {
	ratio  float64
	atMost bool
}

func atLeast(ratio float64) goal { return goal{ratio, false} }
func atMost(ratio float64) goal  { return goal{ratio, true} }

// margin is by how much one run of several may miss a goal.
const margin = 0.05

// missed says whether a ratio misses the goal by more than a part of it.
func (g goal) missed(ratio, part float64) bool {
	switch {
	case g.ratio == 0:
		return false
	case g.atMost:
		return ratio > g.ratio*(1+part)
	default:
		return ratio < g.ratio*(1-part)
	}
}

// String implements fmt.Stringer.
func (g goal) String() string {
	switch {
	case g.ratio == 0:
		return "-"
	case g.atMost:
		return fmt.Sprintf("<= %.2f", g.ratio)
	default:
		return fmt.Sprintf(">= %.2f", g.ratio)
	}
}

// reading is the result of a row in one run: two figures in a unit, and their ratio. Floor
// and Ratio are 0 if there is nothing to compare the figure with.
type reading struct {
	Figure float64 `json:"figure"`
	Floor  float64 `json:"floor"`
	Unit   string  `json:"unit"`
	Ratio  float64 `json:"ratio"`
}

// measuredRow is a heading with the readings of all runs.
type measuredRow struct {
	heading
	readings []reading
}

// sorted returns the readings, the best one first.
func (r measuredRow) sorted() []reading {
	return slices.SortedFunc(slices.Values(r.readings), func(a, b reading) int {
		if r.goal.atMost {
			return cmp.Compare(a.rank(), b.rank())
		}
		return cmp.Compare(b.rank(), a.rank())
	})
}

// rank is what readings of a row differ in: the ratio, or the figure if there is none.
func (r reading) rank() float64 { return cmp.Or(r.Ratio, r.Figure) }

// verdict is ok if the median meets the goal, and no run misses it by more than the margin.
func (r measuredRow) verdict() string {
	sorted := r.sorted()
	switch {
	case r.goal == goal{}:
		return "-"
	case r.goal.missed(sorted[len(sorted)/2].Ratio, 0), r.goal.missed(sorted[len(sorted)-1].Ratio, margin):
		return "short"
	default:
		return "ok"
	}
}

// table is all rows of one or more runs.
type table struct {
	title string
	rows  []measuredRow
	// before and after are the load averages of a minute.
	before, after string
}

// add adds the readings of a run to the rows of the headings.
func (t *table) add(heads []heading, readings []reading) {
	for i, h := range heads {
		at := slices.IndexFunc(t.rows, func(r measuredRow) bool { return r.name == h.name })
		if at < 0 {
			at = len(t.rows)
			t.rows = append(t.rows, measuredRow{heading: h})
		}
		t.rows[at].readings = append(t.rows[at].readings, readings[i])
	}
}

// print writes the table to the standard output, as the flags say.
func (t *table) print(b testing.TB) {
	b.Helper()
	t.after = loadAverage()
	write := t.write
	if *linesFlag {
		write = t.writeJSON
	}
	if err := write(os.Stdout); err != nil {
		b.Error(err)
	}
}

// write writes the table. The figures of several runs are those of the median.
func (t *table) write(out io.Writer) error {
	fmt.Fprintf(out, "\n%s, %d cores, load average %s before and %s after\n\n", t.title, runtime.NumCPU(), t.before, t.after)
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "row\tfigure\tfloor\tratio\truns\tgoal\t")
	for _, r := range t.rows {
		sorted := r.sorted()
		median := sorted[len(sorted)/2]
		floor, ratio := "-", "-"
		if median.Floor > 0 {
			floor, ratio = amount(median.Floor, median.Unit), fmt.Sprintf("%.2f", median.Ratio)
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.name, amount(median.Figure, median.Unit), floor, ratio, r.span(), r.goal, r.verdict())
	}
	return columns.Flush()
}

// span is the worst and the best ratio of several runs, or figure if there is no ratio.
func (r measuredRow) span() string {
	if len(r.readings) == 1 {
		return "1"
	}
	sorted := r.sorted()
	return fmt.Sprintf("%d: %.2f to %.2f", len(sorted), sorted[len(sorted)-1].rank(), sorted[0].rank())
}

// amount writes a figure with three digits at least, and its unit.
func amount(figure float64, unit string) string {
	if figure >= 100 {
		return fmt.Sprintf("%.0f %s", figure, unit)
	}
	return fmt.Sprintf("%.3g %s", figure, unit)
}

// writeJSON writes the rows, an object each, one a line.
func (t *table) writeJSON(out io.Writer) error {
	lines := json.NewEncoder(out)
	for _, r := range t.rows {
		err := lines.Encode(map[string]any{"row": r.name, "readings": r.readings, "goal": r.goal.ratio, "at_most": r.goal.atMost, "verdict": r.verdict()})
		if err != nil {
			return err
		}
	}
	return nil
}

// loadAverage is that of the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	average, _, _ := strings.Cut(string(text), " ")
	return average
}
