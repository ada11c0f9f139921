package audit

import (
	"reflect"
	"time"

	"gatehouse/domain/source"
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

// ProjectsDeleted returns the events of projects that are gone. Of each ID, Path, Visibility
// and Storage are read.
func (c Cause) ProjectsDeleted(at time.Time, projects []source.Project) (events []Event) {
	for _, p := range projects {
		before := Values{"path": p.Path, "visibility": string(p.Visibility), "storage": p.Storage}
		events = append(events, c.Event(at, Delete, ofProject(p), ofProject(p), before, nil))
	}
	return events
}

// ProjectMoved returns the event of a project that has another path now. Of the project as
// it was ID and Path are read.
func (c Cause) ProjectMoved(at time.Time, p source.Project, path string) Event {
	was := p.Path
	p.Path = path
	return c.Event(at, Update, ofProject(p), ofProject(p), Values{"path": was}, Values{"path": path})
}

// ProjectsMoved returns the events of projects whose group or user has another path now, in
// place of the one that their paths began with.
func (c Cause) ProjectsMoved(at time.Time, projects []source.Project, from, to string) (events []Event) {
	for _, p := range projects {
		events = append(events, c.ProjectMoved(at, p, to+p.Path[len(from):]))
	}
	return events
}

func ofProject(p source.Project) Object { return Object{Kind: Project, ID: int64(p.ID), Path: p.Path} }

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
