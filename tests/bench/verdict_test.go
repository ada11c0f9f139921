package bench_test

import (
	"strings"
	"testing"
)

func TestTable_verdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		goal   goal
		ratios []float64
		want   string
	}{
		{atLeast(1.4), []float64{1.4}, "ok"},
		{atLeast(1.4), []float64{1.39}, "short"},
		{atLeast(1.4), []float64{1.5, 1.34, 1.4, 1.45, 1.36}, "ok"},    // the median reaches it, and none is far below
		{atLeast(1.4), []float64{1.5, 1.32, 1.5, 1.5, 1.5}, "short"},   // one is
		{atLeast(1.4), []float64{1.5, 1.38, 1.38, 1.5, 1.38}, "short"}, // the median is
		{atMost(0.7), []float64{0.6, 0.73, 0.7}, "ok"},
		{atMost(0.7), []float64{0.6, 0.74, 0.6}, "short"},
		{goal{}, []float64{0.1}, "-"},
	} {
		r := measuredRow{heading: heading{"row", c.goal}}
		for _, ratio := range c.ratios {
			r.readings = append(r.readings, reading{Ratio: ratio})
		}
		if got := r.verdict(); got != c.want {
			t.Errorf("%s of %v: got %q, want %q", c.goal, c.ratios, got, c.want)
		}
	}
}

func TestTable_write(t *testing.T) {
	t.Parallel()
	out := table{title: "small world", before: "0.10", after: "2.00"}
	heads := []heading{{"speed", atLeast(0.9)}, {"size", atMost(1)}, {"rate", goal{}}}
	for _, ratio := range []float64{0.5, 1, 2} {
		out.add(heads, []reading{{Figure: 1234.5 * ratio, Floor: 1234.5, Unit: "req/s", Ratio: ratio}, {Figure: 9.876 * ratio, Floor: 9.876, Unit: "KiB", Ratio: ratio}, {Figure: 4 * ratio, Unit: "a second"}})
	}
	var text strings.Builder
	if err := out.write(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"load average 0.10 before and 2.00 after",
		"speed  1234 req/s  1234 req/s  1.00   3: 0.50 to 2.00  >= 0.90  short",
		"size   9.88 KiB    9.88 KiB    1.00   3: 2.00 to 0.50  <= 1.00  short",
		"rate   4 a second  -           -      3: 2.00 to 8.00  -        -",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 2}, 2}, {[]float64{8, 1, 4, 2}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("the median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}
