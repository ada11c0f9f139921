package lookups

import "time"

const (
	// overdueFactor is how many mean durations a statement may take before it is
	// overdue.
	overdueFactor = 8
	// leastPatience is the duration below which no statement is overdue.
	leastPatience = 5 * time.Millisecond
	// meanWeight is the part, one in so many, that each duration has in the mean.
	meanWeight = 8
	// nearby is the duration within which a near database answers a question.
	nearby = 500 * time.Microsecond
	// span is the duration of one of the two spans over which the least duration
	// is taken.
	span = 5 * time.Second
)

// pace is how long statements take, and what follows from it: when one is
// overdue, and how many may be in flight.
//
// The limit follows the distance of the database, not its load: over a far one
// two statements in flight are too few. A near database answers within 500 µs,
// and a busy one still answers some single question within that, so that the
// limit does not grow with load.
//
// It is not safe for concurrent use.
type pace struct {
	limits Limits
	limit  int           // statements in flight
	mean   time.Duration // exponentially weighted, of batches and singles

	spanStart         time.Time
	current, previous least
}

// least is the least duration of the single statements of a span.
type least struct {
	took  time.Duration
	known bool // false if there was no single
}

// newPace makes a pace without measurements.
func newPace(limits Limits) pace { return pace{limits: limits, limit: limits.InFlight} }

// addStatement measures a batch or a single that ended now. If its context had
// ended, it would have taken longer, so that it can only raise the mean. One that
// was overdue counts as if it had just become so: a single one, however long, does
// not make the next ones wait for long.
func (p *pace) addStatement(now time.Time, took time.Duration, ended bool) {
	took = min(took, p.patience())
	switch {
	case p.mean == 0:
		p.mean = took
	case !ended || took > p.mean:
		p.mean += (took - p.mean) / meanWeight
	}
	switch age := now.Sub(p.spanStart); {
	case age >= 2*span:
		p.previous, p.current = least{}, least{}
		p.spanStart = now
	case age >= span:
		p.previous, p.current = p.current, least{}
		p.spanStart = p.spanStart.Add(span)
	default:
		return
	}
	p.setLimit()
}

// addSingle measures a single statement that was answered, after addStatement.
func (p *pace) addSingle(took time.Duration) {
	if !p.current.known || took < p.current.took {
		p.current = least{took, true}
		p.setLimit()
	}
}

// setLimit keeps the limit if there was no single in either span.
func (p *pace) setLimit() {
	shortest := p.current
	if !shortest.known || p.previous.known && p.previous.took < shortest.took {
		shortest = p.previous
	}
	if !shortest.known {
		return
	}
	p.limit = p.limits.InFlight * (1 + int(shortest.took/nearby))
	if p.limits.Pool > 0 {
		p.limit = min(p.limit, p.limits.Pool)
	}
}

// patience is the duration after which a statement is overdue.
func (p *pace) patience() time.Duration { return max(overdueFactor*p.mean, leastPatience) }
