package worldimport

import (
	"slices"
	"strings"

	"gatehouse/domain/source"
)

// unit is a list of steps that no batch parts.
type unit []*step

// plan is what is to be written, in this order. At every moment between two batches
// a decision is as before all of it, as after all of it, or a refusal: while only a
// part of takes is written, rights are at most the old ones. Moved, which is one
// unit, comes after all of takes and before all of gives, so that from then on rights
// are at most the new ones, and the rest lets them grow up to these.
type plan struct{ takes, moved, gives []unit }

// newPlan sorts the steps of a check that change something.
func newPlan(steps []*step) plan {
	steps = slices.DeleteFunc(slices.Clone(steps), func(s *step) bool { return s.effect == 0 })
	var p plan
	moved := findMoved(steps)
	rest := slices.DeleteFunc(slices.Clone(steps), func(s *step) bool { return moved[s] })
	if len(moved) > 0 {
		p.moved = []unit{slices.DeleteFunc(steps, func(s *step) bool { return !moved[s] })}
	}
	var gives []*step
	for _, s := range rest {
		if s.effect.has(takes) {
			p.takes = append(p.takes, unit{s})
		} else {
			gives = append(gives, s)
		}
	}
	p.gives = inUnits(gives)
	return p
}

// findMoved returns the steps that go into one unit: those that do more than take or
// give, those that take but name what moves or what is new, and what all of these refer
// to.
func findMoved(steps []*step) map[*step]bool {
	moved := map[*step]bool{}
	definers, parts := map[string]*step{}, map[string][]*step{}
	for _, s := range steps {
		if !s.effect.has(fresh) {
			continue
		}
		for _, name := range s.defines {
			definers[name] = s
		}
		if s.project != "" {
			parts[s.project] = append(parts[s.project], s)
		}
	}
	paths := movedPaths(steps)
	for _, s := range steps {
		namesNew := slices.ContainsFunc(s.needs, func(name string) bool { return definers[name] != nil })
		if s.effect.mixed() || s.effect.has(takes) && (namesNew || paths.nameOne(s)) {
			moved[s] = true
		}
	}
	for {
		before := len(moved)
		for _, s := range steps {
			if !moved[s] {
				continue
			}
			for _, name := range s.needs {
				if definer := definers[name]; definer != nil {
					moved[definer] = true
				}
			}
			if s.effect.has(fresh) && s.kind == "project" {
				for _, part := range parts[s.project] {
					moved[part] = true
				}
			}
		}
		takeHighestNumbers(steps, moved)
		if len(moved) == before {
			return moved
		}
	}
}

// takeHighestNumbers adds the new entry with the highest number of each sequence of
// which a new entry takes the next free number: that is then one above all others.
func takeHighestNumbers(steps []*step, moved map[*step]bool) {
	unnumbered, highest := map[string]bool{}, map[string]*step{}
	numbers := map[string]int64{}
	look := func(s *step, sequence string, number int64) {
		switch {
		case moved[s] && number == 0:
			unnumbered[sequence] = true
		case number > numbers[sequence]:
			numbers[sequence], highest[sequence] = number, s
		}
	}
	for _, s := range steps {
		if !s.effect.has(fresh) {
			continue
		}
		if s.sequence != "" {
			look(s, s.sequence, s.number)
		}
		if s.sequence == userNumbers {
			look(s, namespaceNumbers, s.personal)
		}
	}
	for sequence := range unnumbered {
		if s := highest[sequence]; s != nil {
			moved[s] = true
		}
	}
}

// paths are paths and names to which something moves, in lower case.
type paths map[string]bool

func movedPaths(steps []*step) paths {
	moved := paths{}
	for _, s := range steps {
		if s.effect.has(moves) && (s.kind == "user" || s.kind == "group" || s.kind == "project") {
			moved[source.Path(s.name).Fold()] = true
		}
	}
	return moved
}

// nameOne says whether the entry names a path at or below one of the paths.
func (p paths) nameOne(s *step) bool {
	for _, name := range slices.Concat(s.defines, s.needs) {
		_, path, _ := strings.Cut(name, " ")
		for at := source.Path(path); at != ""; at = at.Parent() {
			if p[string(at)] {
				return true
			}
		}
	}
	return false
}

// inUnits puts the steps that give into an order in which new rows come first, and
// each new project together with its protections, members and shares. New deploy
// keys with a number come before, since protections name them; as long as they are
// enabled nowhere they can do no more than an unknown key.
func inUnits(steps []*step) (units []unit) {
	type stage int
	const (
		owners stage = iota
		deployKeys
		projects
		others
	)
	byPath := map[string]int{}
	stages := make([][]unit, others+1)
	for _, s := range steps {
		at := others
		switch isNew := s.effect.has(fresh); {
		case isNew && (s.kind == "user" || s.kind == "group"):
			at = owners
		case isNew && s.kind == "deploy key" && s.number != 0:
			at = deployKeys
		case isNew && s.kind == "project":
			at = projects
			byPath[s.project] = len(stages[projects])
		case isNew && s.project != "":
			if i, known := byPath[s.project]; known {
				stages[projects][i] = append(stages[projects][i], s)
				continue
			}
		}
		stages[at] = append(stages[at], unit{s})
	}
	return slices.Concat(stages...)
}
