package audit

import (
	"reflect"
	"time"
)

// Cause is who causes a write, and by which request.
type Cause struct {
	Actor Actor
	// CorrelationID is the request's; empty for what no request caused.
	CorrelationID string
}

// Event returns the event of a write that was done at that moment.
func (c Cause) Event(at time.Time, verb Verb, entity, target Object, before, after Values) Event {
	return Event{
		At: at, CorrelationID: c.CorrelationID, Actor: c.Actor,
		Action: string(target.Kind) + "." + string(verb), Verb: verb, Outcome: Done,
		Entity: entity, Target: target, Before: before, After: after,
	}
}

// Changes returns before and after without the members that are the same in both. One that
// only one of the two has is nil in the other. All members stay if one of the two is nil.
func Changes(before, after Values) (Values, Values) {
	if before == nil || after == nil {
		return before, after
	}
	was, is := Values{}, Values{}
	for _, values := range []Values{before, after} {
		for name := range values {
			if !reflect.DeepEqual(before[name], after[name]) {
				was[name], is[name] = before[name], after[name]
			}
		}
	}
	return was, is
}
