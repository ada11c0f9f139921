package worldimport

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// effect says what a change of a row does to the rights that depend on it. It is a
// set.
type effect uint8

const (
	// takes: some decision may become a refusal.
	takes effect = 1 << iota
	// gives: some refusal may become a permission.
	gives
	// moves: a name or a number leads elsewhere afterwards, or the change can neither
	// be said to take nor to give.
	moves
	// neutral: no decision depends on it.
	neutral
	// fresh: the row is new.
	fresh
)

func (e effect) has(some effect) bool { return e&some != 0 }

// mixed says whether the change neither only takes nor only gives.
func (e effect) mixed() bool { return e.has(moves) || e.has(takes) && e.has(gives|fresh) }

// Field is a field of a row that changes. Old and New are texts to show; of a secret
// they are stars.
type Field struct{ Name, Old, New string }

// comparison is what distinguishes a row from its description. Values are the fields as
// an audit event has them, also those of a new row.
type comparison struct {
	effect effect
	fields []Field
	values []value
}

// value is a member of an audit event: a text, a bool or a list of texts.
type value struct {
	name       string
	old, given any
}

// set compares two texts.
func (c *comparison) set(name, old, described string, e effect) {
	if old != described {
		c.add(e, Field{name, old, described}, old, described)
	}
}

// add notes a field that differs.
func (c *comparison) add(e effect, f Field, old, described any) {
	c.effect |= e
	c.fields = append(c.fields, f)
	c.values = append(c.values, value{f.Name, old, described})
}

// secret compares two secrets.
func (c *comparison) secret(name, old, described string, e effect) {
	if old != described {
		old, described = stars(old), stars(described)
		c.add(e, Field{name, old, described}, old, described)
	}
}

func stars(secret string) string {
	if secret == "" {
		return ""
	}
	return "***"
}

// level compares two levels of which the higher one gives more.
func level[T cmp.Ordered](c *comparison, name string, old, described T, show func(T) string) {
	e := gives
	if described < old {
		e = takes
	}
	if old != described {
		old, described := show(old), show(described)
		c.add(e, Field{name, old, described}, old, described)
	}
}

// word compares two words of a list in which those behind give more.
func word[T ~string](c *comparison, name string, old, described T, ascending []T) {
	level(c, name, slices.Index(ascending, old), slices.Index(ascending, described), func(i int) string {
		if i < 0 {
			return ""
		}
		return string(ascending[i])
	})
}

// allows compares two switches that give if they are on.
func (c *comparison) allows(name string, old, described bool) {
	c.toggle(name, old, described, gives, takes)
}

// limits compares two switches that take if they are on.
func (c *comparison) limits(name string, old, described bool) {
	c.toggle(name, old, described, takes, gives)
}

func (c *comparison) toggle(name string, old, described bool, on, off effect) {
	e := off
	if described {
		e = on
	}
	if old != described {
		c.add(e, Field{name, strconv.FormatBool(old), strconv.FormatBool(described)}, old, described)
	}
}

// number compares two numbers of which the higher one gives more.
func (c *comparison) number(name string, old, described int64) {
	level(c, name, old, described, func(n int64) string { return strconv.FormatInt(n, 10) })
}

// list compares two lists of texts in their order.
func (c *comparison) list(name string, old, described []string) {
	if !slices.Equal(old, described) {
		c.add(neutral, Field{name, strings.Join(old, ", "), strings.Join(described, ", ")}, slices.Clone(old), slices.Clone(described))
	}
}

// settings compares parameters without an effect, each by its own name.
func (c *comparison) settings(old, described remembered.Values) {
	names := slices.Collect(maps.Keys(old))
	for name := range described {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name == source.BranchDefaultsSetting {
			c.set(name, branchDefaults(old), branchDefaults(described), moves)
			continue
		}
		before, had := old[name]
		after, has := described[name]
		if had != has || !reflect.DeepEqual(before, after) {
			c.add(neutral, Field{name, settingText(before, had), settingText(after, has)}, auditedSetting(before), auditedSetting(after))
		}
	}
}

// branchDefaults describes those among the settings of a group; empty if there are none.
func branchDefaults(settings remembered.Values) string {
	defaults := source.OwnBranchDefaults(nil, settings)
	if defaults == nil {
		return ""
	}
	return defaults.String()
}

func settingText(value any, given bool) string {
	switch {
	case !given:
		return ""
	case value == nil:
		return "null"
	}
	return fmt.Sprint(value)
}

// auditedSetting returns the value of a setting as an audit event has it.
func auditedSetting(value any) any {
	switch value := value.(type) {
	case nil, bool, int64, string:
		return value
	default:
		return fmt.Sprint(value)
	}
}

// optionalNumber is empty for the number of none.
func optionalNumber[ID ~int64](id ID) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

// until compares two moments at which rights end; the zero one is never.
func (c *comparison) until(name string, old, described time.Time) {
	e := gives
	if old.IsZero() || !described.IsZero() && described.Before(old) {
		e = takes
	}
	c.set(name, moment(old), moment(described), e)
}

// moment shows a moment to the microsecond, as it is kept.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}

// day returns the day of a moment in UTC, as it is kept.
func day(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(24 * time.Hour)
}

// subset compares two sets of which the larger one gives more.
func (c *comparison) subset(name string, old, described []string) {
	old, described = slices.Sorted(slices.Values(old)), slices.Sorted(slices.Values(described))
	old, described = slices.Compact(old), slices.Compact(described)
	var e effect
	for _, o := range old {
		if !slices.Contains(described, o) {
			e |= takes
		}
	}
	for _, d := range described {
		if !slices.Contains(old, d) {
			e |= gives
		}
	}
	if e != 0 {
		c.add(e, Field{name, strings.Join(old, ", "), strings.Join(described, ", ")}, old, described)
	}
}
