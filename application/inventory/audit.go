package inventory

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"gatehouse/domain/audit"
)

// AuditFilter picks audit events: those that all of its members pick.
type AuditFilter struct {
	// Since is the first moment, Until the one behind the last; zero for none.
	Since, Until time.Time
	// User is a number or a username: of who did it, or in whose name. It is the name
	// that the account has now, in any letter case, or had then.
	User string
	// Project is a path or a gl_repository. It is the path that the project has now, in
	// any letter case, or had then; any repository of the project counts.
	Project string
	// Refused picks decisions that refused.
	Refused bool
	// Limit is how many of the newest are picked; 0 for all.
	Limit int
}

// RepositoriesOf returns each gl_repository of a project, in each form; none for 0.
func RepositoriesOf(project int64) []string {
	if project == 0 {
		return nil
	}
	id := strconv.FormatInt(project, 10)
	return []string{"project-" + id, "project-" + id + "-wiki", "wiki-" + id, "design-" + id}
}

// AuditRecord returns the record of an event.
func AuditRecord(id int64, e audit.Event) Record {
	var git audit.GitCommand
	if e.Git != nil {
		git = *e.Git
	}
	var decision audit.Decision
	if e.Decision != nil {
		decision = *e.Decision
	}
	values := []any{
		id, e.At, e.Action, string(e.Verb), string(git.Protocol), git.Repository,
		textOrNil(e.Actor.Username), numberOrNil(e.Actor.Key), textOrNil(e.Actor.Address),
		string(e.Actor.Kind), numberOrNil(e.Actor.User), textOrNil(string(e.Actor.KeyType)), numberOrNil(e.Actor.Sudo), textOrNil(e.Actor.SudoName),
		numberOrNil(e.Actor.Token), textOrNil(e.CorrelationID), string(e.Outcome),
		textOrNil(string(e.Entity.Kind)), numberOrNil(e.Entity.ID), textOrNil(e.Entity.Path),
		textOrNil(string(e.Target.Kind)), numberOrNil(e.Target.ID), textOrNil(e.Target.Path),
		valuesOrNil(e.Before), valuesOrNil(e.After),
		textOrNil(decision.Rule), textOrNil(decision.Ref), append([]string{}, decision.Refs...), int64(decision.MoreRefs), textOrNil(decision.Message),
		findings(decision), valuesOrNil(decision.Facts), int64(decision.Unrecorded),
	}
	record := make(Record, len(values))
	for i, name := range Lists[Audit] {
		record[i] = Field{name, values[i]}
	}
	return record
}

func findings(d audit.Decision) []Record {
	out := make([]Record, len(d.Findings))
	for i, f := range d.Findings {
		matches := make([]Record, len(f.Protections))
		for j, m := range f.Protections {
			matches[j] = Record{{"pattern", string(m.Pattern)}, {"grants", m.Grants}}
		}
		out[i] = Record{{"rule", f.Rule}, {"ref", textOrNil(f.Ref)}, {"outcome", string(f.Outcome)}, {"message", textOrNil(f.Message)}, {"protections", matches}}
	}
	return out
}

// valuesOrNil returns the values by name, or nil for none at all.
func valuesOrNil(values audit.Values) any {
	if values == nil {
		return nil
	}
	record := Record{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if list, ok := value.([]string); ok {
			value = append([]string{}, list...)
		}
		record = append(record, Field{name, value})
	}
	return record
}

func textOrNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func numberOrNil[ID ~int64](id ID) any {
	if id == 0 {
		return nil
	}
	return int64(id)
}
