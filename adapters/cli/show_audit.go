package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatehouse/application/inventory"
	"gatehouse/bootstrap/config"
)

// auditFlags are the flags that pick audit events.
type auditFlags struct {
	filter       inventory.AuditFilter
	since, until string
}

// auditFlagNames are their names.
var auditFlagNames = []string{"since", "until", "user", "project", "refused", "limit"}

func (f *auditFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.since, "since", "", "audit: from that `TIME` on: how long ago (1h, 7d), a day (2027-01-31) or RFC 3339")
	flags.StringVar(&f.until, "until", "", "audit: before that `TIME`")
	flags.StringVar(&f.filter.User, "user", "", "audit: done by the user of that `NAME` or number, or in that user's name")
	flags.StringVar(&f.filter.Project, "project", "", "audit: about the project of that `PATH` or gl_repository")
	flags.BoolVar(&f.filter.Refused, "refused", false, "audit: refused")
	flags.IntVar(&f.filter.Limit, "limit", 0, "audit: the newest `NUMBER` of events")
}

// check fails if a flag is given for another thing than audit, or is malformed.
func (f *auditFlags) check(c *cobra.Command, thing string, now time.Time) (err error) {
	for _, name := range auditFlagNames {
		switch flag := c.Flags().Lookup(name); {
		case thing != inventory.Audit && flag.Changed:
			return usageErrorf("--%s is for show audit only, not for show %s", name, thing)
		case flag.Changed && flag.Value.String() == "": // a script's empty variable would pick everything
			return usageErrorf("--%s has no value", name)
		}
	}
	if f.filter.Since, err = parseTime("since", f.since, now); err != nil {
		return err
	}
	if f.filter.Until, err = parseTime("until", f.until, now); err != nil {
		return err
	}
	if f.filter.Limit < 0 || f.filter.Limit == 0 && c.Flags().Changed("limit") {
		return usageErrorf("--limit %d: want a number above 0", f.filter.Limit)
	}
	return nil
}

// parseTime parses the value of a flag: how long before now, a day in UTC, or RFC 3339.
// It is the zero time for an empty text.
func parseTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if d, err := config.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, usageErrorf("--%s %q: want how long ago, as in 1h or 7d, a day, as in 2027-01-31, or a time, as in 2027-01-31T12:00:00Z", flag, text)
}

func (f *auditFlags) show(ctx context.Context, streams Streams, s store, asJSON bool) error {
	events := s.Inventory.AuditEvents(ctx, f.filter)
	if asJSON {
		return writeArray(streams.Out, events)
	}
	var rows []inventory.Record
	for event, err := range events {
		if err != nil {
			return err
		}
		rows = append(rows, auditRow(event))
	}
	return writeRecords(streams.Out, false, []string{"id", "at", "who", "action", "on", "outcome", "rule", "ip_address"}, rows)
}

// auditRow returns what people look at of an event.
func auditRow(event inventory.Record) inventory.Record {
	field := func(name string) any {
		return event[slices.IndexFunc(event, func(f inventory.Field) bool { return f.Name == name })].Value
	}
	text := func(name string) string { t, _ := field(name).(string); return t }
	who := text("username")
	switch key := field("key_id"); {
	case who == "" && key != nil:
		who = fmt.Sprintf("%s %d", strings.ReplaceAll(text("key_type"), "_", " "), key)
	case text("actor_kind") != "user":
		who = strings.TrimSpace(text("actor_kind") + " " + who)
	}
	if sudo := text("sudo"); sudo != "" {
		who += " as " + sudo
	}
	on, repository := cmp.Or(text("entity_path"), text("gl_repository"), text("entity_kind")), text("gl_repository")
	if repository != "" && repository != on && repository != fmt.Sprint("project-", field("entity_id")) {
		on += " (" + repository + ")" // a wiki or designs
	}
	switch target := text("target_path"); {
	case text("ref") != "":
		on += " " + text("ref")
	case target != "" && (target != text("entity_path") || text("target_kind") != text("entity_kind")):
		on += ": " + target
	}
	return inventory.Record{
		{Name: "id", Value: field("id")}, {Name: "at", Value: field("at")}, {Name: "who", Value: who}, {Name: "action", Value: field("action")},
		{Name: "on", Value: on}, {Name: "outcome", Value: field("outcome")}, {Name: "rule", Value: field("rule")}, {Name: "address", Value: field("ip_address")},
	}
}
