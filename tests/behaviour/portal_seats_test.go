package behaviour_test

import (
	"context"
	"errors"
	"fmt"

	"gatehouse/application/provisioning"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// seated is a group with a user for each kind of membership: direct, inherited, by
// a share, of each role and state.
const seated = `
users:
  - {username: top}
  - {username: guest}
  - {username: below}
  - {username: inproject}
  - {username: guestinproject}
  - {username: twice}
  - {username: lent}
  - {username: lentabove}
  - {username: lentguest}
  - {username: cut}
  - {username: toproject}
  - {username: mini}
  - {username: no1, state: blocked}
  - {username: no2, state: deactivated}
  - {username: no3}
  - {username: no4}
  - {username: no5}
  - {username: no6}
  - {username: no7, type: service_account}
  - {username: no8, type: project_bot}
  - {username: no9}
  - {username: no10}
groups: [{id: 70, path: seats}, {path: seats/a}, {path: seats/a/b}, {path: friends}, {path: friends/close}, {path: late}, {path: aside}, {path: readers}]
projects: [{path: seats/p}, {path: seats/a/b/q}, {path: aside/r}]
members:
  - {user: top, group: seats, role: owner}
  - {user: guest, group: seats, role: guest}
  - {user: below, group: seats/a, role: developer}
  - {user: inproject, project: seats/a/b/q, role: reporter}
  - {user: guestinproject, project: seats/p, role: guest}
  - {user: twice, group: seats, role: guest}
  - {user: twice, project: seats/p, role: developer}
  - {user: lent, group: friends/close, role: maintainer}
  - {user: lentabove, group: friends, role: maintainer}
  - {user: lentguest, group: friends/close, role: guest}
  - {user: cut, group: readers, role: owner}
  - {user: toproject, group: aside, role: developer}
  - {user: mini, group: seats, role: minimal}
  - {user: no1, group: seats, role: developer}
  - {user: no2, group: seats, role: developer}
  - {user: no3, group: seats, role: developer, state: requested}
  - {user: no4, group: seats, role: developer, state: invited}
  - {user: no5, group: seats, role: developer, state: awaiting}
  - {user: no6, group: seats, role: developer, expires_at: 2026-03-10}
  - {user: no7, group: seats, role: developer}
  - {user: no8, group: seats, role: developer}
  - {user: no9, group: late, role: developer}
  - {user: no10, project: aside/r, role: developer}
shares:
  - {group: seats/a, with: friends/close, role: developer}
  - {group: seats, with: readers, role: guest}
  - {project: seats/p, with: aside, role: developer}
  - {group: seats, with: late, role: developer, expires_at: 2026-03-10}
`

// seatCases are about counting seats.
var seatCases = []Case{
	{Name: "seats: members who take one", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		s.Apply(seated)
		for guests, want := range map[bool]int32{true: 12, false: 7} {
			got, err := s.Billing.CountSeats(s.Context(), 70, guests, now)
			s.Fine("CountSeats", err)
			s.Same(fmt.Sprint("with guests: ", guests), got, want)
		}
		const seats = "/namespaces/seats/gitlab_subscription"
		t.wantAll(
			portalCall{"POST " + seats, "start_date=2026-01-01&plan=premium&seats=3", 201, `{"usage":{"seats_in_use":12}}`},
			portalCall{"PUT " + seats, "plan=free", 200, `{"usage":{"seats_in_use":12}}`},
			portalCall{"PUT " + seats, "plan=ultimate&trial=true&trial_starts_on=2026-01-01", 200, `{"usage":{"seats_in_use":7}}`},
		)
		s.Apply("members: [{user: sam, group: seats/a, role: developer}]")
		t.wantAll(portalCall{"GET " + seats, "", 200, `{"usage":{"seats_in_use":8}}`})
		s.Same("an empty group", t.send("POST /namespaces/empty/gitlab_subscription", "start_date=2026-01-01").status, 201)
		t.wantAll(portalCall{"GET /namespaces/empty/gitlab_subscription", "", 200, `{"usage":{"seats_in_use":0}}`})
	}},
	{Name: "stored seats: unchanged until the refresh", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{createAcme, "start_date=2026-01-01&plan=premium&seats=1&max_seats_used=9", 201, `{"usage":{"seats_in_use":3,"max_seats_used":9,"seats_owed":0}}`},
			portalCall{"POST /namespaces/own/gitlab_subscription", "start_date=2026-01-01&plan=gold&seats=1", 201, `{"usage":{"seats_in_use":1,"max_seats_used":0}}`},
			portalCall{"POST /namespaces/12/gitlab_subscription", "start_date=2026-01-01&plan=free&seats=1", 201, ""},
			portalCall{"POST /namespaces/13/gitlab_subscription", "start_date=2026-01-01&plan=premium", 201, ""},
			portalCall{"POST /namespaces/14/gitlab_subscription", "start_date=2026-01-01&plan=premium&seats=1&trial=true", 201, ""},
		)
		s.Apply("members: [{user: sam, group: acme, role: developer}, {user: sam, group: other, role: developer}, {user: sam, group: empty, role: developer}]")
		t.wantAll(portalCall{readAcme, "", 200, `{"usage":{"seats_in_use":3,"max_seats_used":9,"seats_owed":0}}`})
		refreshed, err := t.Provisioning.RefreshSeats(s.Context())
		s.Fine("RefreshSeats", err)
		s.Same("refreshed", refreshed, provisioning.SeatRefresh{Counted: 2, Changed: 2})
		stored := []string{"10 4 9 8", "12 0 0 0", "13 0 0 0", "14 0 0 0", "202 1 1 0"}
		s.Same("stored", s.List("subscriptions", "namespace_id", "seats_in_use", "max_seats_used", "seats_owed"), stored)
		s.Same("history", len(s.List("subscription-history")), 2)
		refreshed, err = t.Provisioning.RefreshSeats(s.Context())
		s.Fine("RefreshSeats", err)
		s.Same("refreshed again", refreshed, provisioning.SeatRefresh{Counted: 2})
		s.Same("no more history", len(s.List("subscription-history")), 2)
		s.Apply("members: [{user: sam, group: acme, role: developer, state: invited}]")
		_, err = t.Provisioning.RefreshSeats(s.Context())
		s.Fine("RefreshSeats", err)
		stored[0] = "10 3 9 8"
		s.Same("max_seats_used stays", s.List("subscriptions", "namespace_id", "seats_in_use", "max_seats_used", "seats_owed"), stored)
	}},
	{Name: "concurrent refreshes: same counts, one change", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(portalCall{createAcme, "start_date=2026-01-01&plan=premium&seats=1", 201, ""})
		subject.Concurrently(func(int) {
			if _, err := t.Provisioning.RefreshSeats(s.Context()); err != nil {
				s.Errorf("RefreshSeats: %v", err)
			}
		})
		s.Same("stored", s.List("subscriptions", "seats_in_use", "max_seats_used", "seats_owed"), []string{"3 3 2"})
		s.Same("changed once", len(s.List("subscription-history")), 1)
	}},
	{Name: "subscribers: pages in order", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		for _, n := range []string{"10", "12", "13", "14", "202"} {
			t.wantAll(portalCall{"POST /namespaces/" + n + "/gitlab_subscription", "start_date=2026-01-01&plan=premium", 201, ""})
		}
		t.wantAll(portalCall{"PUT /namespaces/13/gitlab_subscription", "plan=free", 200, ""})
		var got []source.NamespaceID
		for after := source.NamespaceID(0); ; {
			page, err := s.Billing.Subscribers(s.Context(), []string{"premium", "gold"}, after, 2)
			s.Fine("Subscribers", err)
			if len(page) == 0 || len(page) > 2 {
				break
			}
			got, after = append(got, page...), page[len(page)-1]
		}
		s.Same("in order", got, []source.NamespaceID{10, 12, 14, 202})
		none, err := s.Billing.Subscribers(s.Context(), nil, 0, 9)
		s.Fine("Subscribers", err)
		s.Same("of no plan", none, []source.NamespaceID{})
	}},
	{Name: "refresh fails for one namespace: the others are counted", OnDatabases: true, Check: func(s Subject) {
		broken := errors.New("no such luck")
		calls := 0
		t := s.portalServerOver(func(ctx context.Context, do func(provisioning.BillingTx) error) error {
			return s.BillingUnitOfWork(ctx, func(tx provisioning.BillingTx) error {
				tx.Subscriptions = failing{tx.Subscriptions, func() error {
					if calls++; calls == 1 {
						return broken
					}
					return nil
				}}
				return do(tx)
			})
		})
		for _, n := range []string{"10", "202"} {
			t.wantAll(portalCall{"POST /namespaces/" + n + "/gitlab_subscription", "start_date=2026-01-01&plan=premium&seats=1", 201, ""})
		}
		refreshed, err := t.Provisioning.RefreshSeats(s.Context())
		s.Same("an error", errors.Is(err, broken), true)
		s.Same("refreshed", refreshed, provisioning.SeatRefresh{Counted: 1, Changed: 1})
		s.Same("stored", s.List("subscriptions", "namespace_id", "max_seats_used"), []string{"10 0", "202 1"})
	}},
	{Name: "seats: counted anew when a new term starts", OnDatabases: true, Check: func(s Subject) {
		// The stored subscription has 82 seats in use, the group has three
		// members.
		const before = "namespace: acme, plan_code: %s, start_date: 2020-07-15, end_date: %s, seats: 2, seats_in_use: 82, max_seats_used: 82, seats_owed: 80, trial: %t, trial_starts_on: 2020-07-15, trial_ends_on: null, auto_renew: null"
		t := s.portalServer()
		kept, anew := `{"usage":{"seats_in_use":82,"max_seats_used":82,"seats_owed":80}}`, `{"usage":{"seats_in_use":3,"max_seats_used":3,"seats_owed":1}}`
		for what, row := range map[string]struct {
			plan, end  string
			trial      bool
			body, want string
		}{
			"a new term":                     {"premium", "2021-07-15", false, "start_date=2021-07-15&end_date=2022-07-15", anew},
			"after a gap":                    {"premium", "2021-07-15", false, "start_date=2021-09-01&end_date=2022-07-15", anew},
			"the first end":                  {"premium", "null", false, "start_date=2020-07-16&end_date=2021-07-15", anew},
			"overlapping":                    {"premium", "2021-07-15", false, "start_date=2021-07-14&end_date=2022-07-15", kept},
			"only the end":                   {"premium", "2021-07-15", false, "end_date=2022-07-15", kept},
			"only the start":                 {"premium", "2021-07-15", false, "start_date=2021-07-15", kept},
			"the same dates":                 {"premium", "2021-07-15", false, "start_date=2020-07-15&end_date=2021-07-15", kept},
			"a plan that costs nothing":      {"opaque", "2021-07-15", false, "start_date=2021-07-15&end_date=2022-07-15", `{"usage":{"max_seats_used":82,"seats_owed":80}}`},
			"the end of a trial":             {"premium", "2021-07-15", true, "trial=false", anew},
			"a trial that goes on":           {"premium", "2021-07-15", true, "trial=true", `{"usage":{"max_seats_used":82,"seats_owed":80}}`},
			"max_seats_used alone":           {"premium", "2021-07-15", false, "max_seats_used=0", `{"usage":{"seats_in_use":82,"max_seats_used":0,"seats_owed":80}}`},
			"a new term, whatever was given": {"premium", "2021-07-15", false, "start_date=2021-07-15&end_date=2022-07-15&max_seats_used=5&seats=2", anew},
		} {
			s.Apply("subscriptions: [{" + fmt.Sprintf(before, row.plan, row.end, row.trial) + "}]")
			t.wantReply(what, t.send(updateAcme, row.body), 200, row.want)
		}
		s.Apply("subscriptions: [{" + fmt.Sprintf(before, "premium", "2030-07-15", false) + "}]")
		t.wantAll(
			portalCall{updateAcme, "max_seats_used=90", 200, `{"usage":{"seats_in_use":82,"max_seats_used":90,"seats_owed":80}}`},
			portalCall{updateAcme, "seats=3", 200, `{"usage":{"seats_in_use":82,"max_seats_used":90,"seats_owed":80}}`},
		)
		s.Same("changed at", s.List("subscriptions", "max_seats_used_changed_at"), []string{"2026-03-10T12:34:56.789012Z"})
		t.wantAll(portalCall{updateAcme, "start_date=2026-03-11", 200, `{"usage":{"seats_in_use":3,"max_seats_used":3,"seats_owed":0}}`})
		s.Same("changed at, anew", s.List("subscriptions", "max_seats_used_changed_at"), []string{"-"})
	}},
	{Name: "the documented subscription", Check: func(s Subject) {
		t := s.portalServer()
		s.Apply("subscriptions: [{namespace: acme, plan_code: premium, start_date: 2020-07-15, end_date: 2021-07-15, seats: 80, seats_in_use: 82, max_seats_used: 82, seats_owed: 2}]")
		for _, row := range []portalCall{
			{readAcme, "", 200, `{"plan":{"code":"premium","name":"Premium","trial":false,"auto_renew":null,"upgradable":false,"exclude_guests":false},"usage":{"seats_in_subscription":80,"seats_in_use":82,"max_seats_used":82,"seats_owed":2},"billing":{"subscription_start_date":"2020-07-15","subscription_end_date":"2021-07-15","trial_ends_on":null}}`},
			{updateAcme + "?max_seats_used=0", "", 200, `{"plan":{"code":"premium","name":"Premium","trial":false,"auto_renew":null,"upgradable":false,"exclude_guests":false},"usage":{"seats_in_subscription":80,"seats_in_use":82,"max_seats_used":0,"seats_owed":2},"billing":{"subscription_start_date":"2020-07-15","subscription_end_date":"2021-07-15","trial_ends_on":null}}`},
		} {
			s.Same(row.request, t.send(row.request, "", "TOKEN: t-root").body, row.want)
		}
	}},
}

// failing is a port whose updates fail when fail returns an error.
type failing struct {
	provisioning.Subscriptions
	fail func() error
}

// Update returns the error of fail, or else updates the subscription.
func (f failing) Update(ctx context.Context, s billing.Subscription) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Subscriptions.Update(ctx, s)
}
