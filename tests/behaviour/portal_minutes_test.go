package behaviour_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"gatehouse/application/provisioning"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

const (
	buyAcme  = "POST /namespaces/10/minutes"
	unsaved  = `{"message":"400 Bad request - Unable to save additional packs"}`
	accepted = `{"message":"202 Accepted"}`
)

// packsOf is a request for packs of a thousand minutes.
func packsOf(xids ...string) string {
	packs := make([]string, len(xids))
	for i, xid := range xids {
		packs[i] = fmt.Sprintf(`{"number_of_minutes":1000,"expires_at":"2027-01-01","purchase_xid":%q}`, xid)
	}
	return `{"packs":[` + strings.Join(packs, ",") + `]}`
}

// packsIn is the answer to it.
func packsIn(namespace int, xids ...string) string {
	packs := make([]string, len(xids))
	for i, xid := range xids {
		packs[i] = fmt.Sprintf(`{"namespace_id":%d,"expires_at":"2027-01-01","number_of_minutes":1000,"purchase_xid":%q}`, namespace, xid)
	}
	return "[" + strings.Join(packs, ",") + "]"
}

// minutesCases are the rows of billing.md 6 and 7.
var minutesCases = []Case{
	{Name: "billing.md 6: what packs are refused", Check: func(s Subject) {
		t := s.portalServer()
		pack := func(minutes, expires, xid string) string {
			return `{"packs":[{"number_of_minutes":` + minutes + `,"expires_at":` + expires + `,"purchase_xid":` + xid + `}]}`
		}
		t.all(
			deal{buyAcme, "", 400, `{"error":"packs is missing"}`},
			deal{buyAcme, `{"packs":{"number_of_minutes":1}}`, 400, `{"error":"packs is invalid"}`},
			deal{buyAcme, `{"packs":"[]"}`, 400, `{"error":"packs is invalid"}`},
			deal{buyAcme, `{"packs":null}`, 400, `{"error":"packs is invalid"}`},
			deal{buyAcme, "packs[0][number_of_minutes]=1&packs[0][expires_at]=2027-01-01&packs[0][purchase_xid]=a", 400, `{"error":"packs is invalid"}`},
			deal{buyAcme, "number_of_minutes=1&expires_at=2027-01-01&purchase_xid=a", 400, `{"error":"packs is missing"}`},
			deal{buyAcme, `{"packs":[{"number_of_minutes":1,"purchase_xid":"a"}]}`, 400, `{"error":"packs[0][expires_at] is missing"}`},
			deal{buyAcme, `{"packs":[{"number_of_minutes":1,"expires_at":"2027-01-01","purchase_xid":"a"},{}]}`, 400,
				`{"error":"packs[1][number_of_minutes] is missing, packs[1][expires_at] is missing, packs[1][purchase_xid] is missing"}`},
			deal{buyAcme, pack(`"x"`, `"2027-01-01"`, `"a"`), 400, `{"error":"packs[0][number_of_minutes] is invalid"}`},
			deal{buyAcme, pack(`2147483648`, `"2027-01-01"`, `"a"`), 400, `{"error":"packs[0][number_of_minutes] is invalid"}`},
			deal{buyAcme, pack(`1`, `"12/31/2027"`, `"a"`), 400, `{"error":"packs[0][expires_at] is invalid"}`},
			deal{buyAcme, pack(`1`, `"2027-01-01"`, `["a"]`), 400, `{"error":"packs[0][purchase_xid] is invalid"}`},
			deal{buyAcme, pack(`1`, `"2027-01-01"`, `"a\u0000"`), 400, `{"error":"packs[0][purchase_xid] is invalid"}`},
			deal{buyAcme, pack(`null`, `"2027-01-01"`, `"a"`), 400, unsaved},
			deal{buyAcme, pack(`""`, `"2027-01-01"`, `"a"`), 400, unsaved},
			deal{buyAcme, pack(`1`, `null`, `"a"`), 400, unsaved},
			deal{buyAcme, pack(`1`, `""`, `"a"`), 400, unsaved},
			deal{buyAcme, pack(`1`, `"2027-01-01"`, `null`), 400, unsaved},
			deal{buyAcme, pack(`1`, `"2027-01-01"`, `" "`), 400, unsaved},
			deal{buyAcme, pack(`-1`, `"2027-01-01"`, `"a"`), 400, unsaved},
			deal{buyAcme, pack(`1`, `"2027-01-01"`, `"`+strings.Repeat("ö", 33)+`"`), 400, unsaved},
			deal{"POST /namespaces/404/minutes", packsOf("a"), 404, missingNamespace},
			deal{"POST /namespaces/acme%2Fcli/minutes", packsOf("a"), 404, missingNamespace},
			deal{"POST /namespaces/11/minutes", packsOf("a"), 400, `{"message":"400 Bad request - Namespace must be a top-level namespace"}`},
		)
		s.Same("nothing was kept", s.List("packs"), []string{})
		t.all(
			deal{buyAcme, `{"packs":[]}`, 201, `[]`},
			deal{buyAcme, pack(`0`, `"2001-01-01"`, `"`+strings.Repeat("ö", 32)+`"`), 201,
				`[{"namespace_id":10,"expires_at":"2001-01-01","number_of_minutes":0,"purchase_xid":"` + strings.Repeat("ö", 32) + `"}]`},
			deal{"POST /namespaces/own/minutes", pack(`"7"`, `"13 Jun 2027"`, `7`), 201, `[{"namespace_id":202,"expires_at":"2027-06-13","number_of_minutes":7,"purchase_xid":"7"}]`},
		)
	}},
	{Name: "billing.md 6: a pack is kept once, as it was first", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.all(
			deal{buyAcme, packsOf("a", "b", "a"), 201, packsIn(10, "a", "b", "a")},
			deal{buyAcme, packsOf("b", "c", "A"), 201, packsIn(10, "b", "c", "A")},
			deal{buyAcme, `{"packs":[{"number_of_minutes":5,"expires_at":"2030-01-01","purchase_xid":"a"}]}`, 201, packsIn(10, "a")},
			deal{buyAcme, `{"packs":[{"number_of_minutes":null,"expires_at":null,"purchase_xid":"a"}]}`, 201, packsIn(10, "a")},
			deal{buyAcme, "packs[][number_of_minutes]=1000&packs[][expires_at]=2027-01-01&packs[][purchase_xid]=d&packs[][number_of_minutes]=1000&packs[][expires_at]=01/01/2027&packs[][purchase_xid]=e", 201, packsIn(10, "d", "e")},
			deal{"POST /namespaces/13/minutes", packsOf("f", "a", "g"), 400, unsaved},
			deal{buyAcme, `{"packs":[{"number_of_minutes":1,"expires_at":"2030-01-01","purchase_xid":"h"},{"number_of_minutes":-1,"expires_at":"2030-01-01","purchase_xid":"i"}]}`, 400, unsaved},
			deal{"POST /internal/gitlab_subscriptions/namespaces/ACME/minutes", packsOf("j"), 201, packsIn(10, "j")},
		)
		s.Same("kept", s.List("packs", "namespace_id", "purchase_xid"), []string{"10 A", "10 a", "10 b", "10 c", "10 d", "10 e", "10 j"})
	}},
	{Name: "billing.md 7: moving packs, checks in their order", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		const sub, nested = "acme%2Fsub", `{"message":"400 Bad request - Namespace must be a top-level namespace"}`
		t.all(
			deal{buyAcme, packsOf("a", "b"), 201, ""},
			deal{"POST /namespaces/13/minutes", packsOf("c"), 201, ""},
			deal{"PATCH /namespaces/404/minutes/move/405", "", 404, missingNamespace},
			deal{"PATCH /namespaces/" + sub + "/minutes/move/405", "", 404, `{"message":"404 Target namespace Not Found"}`},
			deal{"PATCH /namespaces/" + sub + "/minutes/move/" + sub, "", 400, nested},
			deal{"PATCH /namespaces/10/minutes/move/" + sub, "", 400, `{"message":"400 Bad request - Target namespace must be a top-level namespace"}`},
			deal{"PATCH /namespaces/10/minutes/move/Acme", "", 400, `{"message":"400 Bad request - Namespace and target must be different"}`},
			deal{"PATCH /namespaces/10/minutes/move/13", "{", 400, `{"error":"message body does not match declared format"}`},
		)
		s.Same("nothing moved", s.List("packs", "namespace_id", "purchase_xid"), []string{"10 a", "10 b", "13 c"})
		t.all(
			deal{"PATCH /namespaces/10/minutes/move/test.group.2", "", 202, accepted},
			deal{"PATCH /namespaces/10/minutes/move/12", "{}", 202, accepted},
		)
		s.Same("moved", s.List("packs", "namespace_id", "purchase_xid"), []string{"12 a", "12 b", "13 c"})
		t.all(
			deal{buyAcme, packsOf("a"), 400, unsaved},
			deal{"POST /namespaces/12/minutes", packsOf("a"), 201, packsIn(12, "a")},
			deal{"PATCH /namespaces/12/minutes/move/own", "", 202, accepted},
			deal{"PATCH /internal/gitlab_subscriptions/namespaces/OWN/minutes/move/empty", "", 202, accepted},
		)
		s.Same("moved on", s.List("packs", "namespace_id", "purchase_xid"), []string{"13 c", "14 a", "14 b"})
	}},
}

// portalTogetherCases are about requests that meet, or end halfway.
var portalTogetherCases = []Case{
	{Name: "of subscriptions that are posted at once one is made", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		for _, namespace := range []string{"10", "12", "13", "14", "202"} {
			var made, refused atomic.Int32
			subject.Together(func(me int) {
				switch got := t.send("POST /namespaces/"+namespace+"/gitlab_subscription", fmt.Sprintf("start_date=2026-01-01&seats=%d", me)); {
				case got.status == 201:
					made.Add(1)
				case got.status == 400 && got.body == `{"message":{"namespace_id":["has already been taken"]}}`:
					refused.Add(1)
				default:
					s.Errorf("got %d %s", got.status, got.body)
				}
			})
			s.Same("made and refused", []int32{made.Load(), refused.Load()}, []int32{1, subject.Crowd - 1})
		}
		s.Same("subscriptions", len(s.List("subscriptions")), 5)
	}},
	{Name: "changes of one subscription that meet are all made", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.all(deal{subscribeAcme, "start_date=2026-01-01", 201, ""})
		bodies := []string{"seats=7", "end_date=2030-01-01", "plan=gold", "auto_renew=true", "max_seats_used=3", "trial_ends_on=2029-01-01", "trial_extension_type=1", "trial_starts_on=2028-01-01"}
		subject.Together(func(me int) { t.is(bodies[me%len(bodies)], t.send(amendAcme, bodies[me%len(bodies)]), 200, "") })
		s.Same("all", s.List("subscriptions", "plan_code", "end_date", "seats", "max_seats_used", "auto_renew", "trial_starts_on", "trial_ends_on", "trial_extension_type"),
			[]string{"gold 2030-01-01 7 3 true 2028-01-01 2029-01-01 1"})
		s.Same("history", len(s.List("subscription-history")), subject.Crowd)
	}},
	{Name: "a pack that is sent ten times at once is kept once", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		done := make(chan reply, 10)
		for range 10 {
			go func() { done <- t.send(buyAcme, packsOf("a", "b")) }()
		}
		for range 10 {
			t.is("sent", <-done, 201, packsIn(10, "a", "b"))
		}
		s.Same("kept", s.List("packs", "purchase_xid"), []string{"a", "b"})
	}},
	{Name: "packs in every order get in nobody's way", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		subject.Together(func(me int) {
			xids := []string{"a", "b", "c", "d", "e"}
			if me%2 == 0 {
				xids = []string{"e", "d", "c", "b", "a"}
			}
			t.is("bought", t.send(buyAcme, packsOf(xids...)), 201, packsIn(10, xids...))
		})
		s.Same("kept", len(s.List("packs")), 5)
	}},
	{Name: "one pack that is sold to two at once is one's", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		for round := range subject.Rounds {
			var sold atomic.Int32
			xid := fmt.Sprint("x", round)
			subject.Together(func(me int) {
				switch got := t.send(fmt.Sprintf("POST /namespaces/%d/minutes", 12+me%2), packsOf(xid, fmt.Sprint("y", round, " ", me%2))); {
				case got.status == 201:
					sold.Add(1)
				case got.body != unsaved:
					s.Errorf("got %d %s", got.status, got.body)
				}
			})
			s.Same("sold to one", sold.Load(), int32(subject.Crowd/2))
		}
		s.Same("packs", len(s.List("packs")), 2*subject.Rounds)
	}},
	{Name: "a move that meets purchases loses none", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		subject.Together(func(me int) {
			if me%2 == 0 {
				t.is("moved", t.send("PATCH /namespaces/10/minutes/move/13", ""), 202, accepted)
				return
			}
			for i := range 5 {
				t.is("bought", t.send(buyAcme, packsOf(fmt.Sprintf("%d-%d", me, i))), 201, "")
			}
		})
		s.Same("packs", len(s.List("packs")), 5*subject.Crowd/2)
		t.is("moved", t.send("PATCH /namespaces/10/minutes/move/13", ""), 202, accepted)
		for _, line := range s.List("packs", "namespace_id") {
			s.Same("all moved", line, "13")
		}
	}},
	{Name: "what fails halfway leaves nothing", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServerOver(halfway(s.BillingUnitOfWork, func() error { return errors.New("power cut") }))
		t.stays("an error")
	}},
	{Name: "a caller who goes away halfway leaves nothing", OnDatabases: true, Check: func(s Subject) {
		var cancel context.CancelFunc
		gone := halfway(s.BillingUnitOfWork, func() error { cancel(); return nil })
		t := s.portalServerOver(func(ctx context.Context, do func(provisioning.BillingTx) error) error {
			ctx, cancel = context.WithCancel(ctx)
			return gone(ctx, do)
		})
		t.stays("a cancelled context")
	}},
	{Name: "a store that is down is a 503", Check: func(s Subject) {
		t := s.portalServerOver(func(context.Context, func(provisioning.BillingTx) error) error { return context.DeadlineExceeded })
		for _, r := range portalRoutes {
			if !strings.HasPrefix(r.request, "GET") {
				t.is(r.request, t.send(r.request, r.body), 503, `{"message":"Nothing can be booked at the moment. Try again later."}`)
			}
		}
	}},
}

// stays makes requests that end halfway through their writes.
func (t *portalServer) stays(what string) {
	t.Helper()
	t.Apply("subscriptions: [{namespace: own, start_date: 2026-01-01, seats: 3}]", "packs: [{namespace: own, purchase_xid: o, number_of_minutes: 1, expires_at: 2027-01-01}]",
		"reconciliations: [{namespace: own, next_reconciliation_date: 2026-05-01, display_alert_from: 2026-04-01}]")
	before, history := t.sold(), len(t.List("subscription-history"))
	for _, r := range []deal{
		{"POST /namespaces/10/gitlab_subscription", "start_date=2026-01-01", 500, ""},
		{"PUT /namespaces/own/gitlab_subscription", "seats=9", 500, ""},
		{"POST /namespaces/10/minutes", packsOf("a", "b", "c"), 500, ""},
		{"PATCH /namespaces/own/minutes/move/10", "", 500, ""},
		{"PUT /internal/upcoming_reconciliations", `{"upcoming_reconciliations":[{"namespace_id":10,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-06-01"},{"namespace_id":202,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-06-01"}]}`, 500, ""},
		{"DELETE /internal/upcoming_reconciliations?namespace_id=202", "", 500, ""},
	} {
		t.is(what+": "+r.request, t.send(r.request, r.body), 500, `{"message":"500 Internal Server Error"}`)
		t.Same(r.request, t.sold(), before)
		t.Same(r.request+", history", len(t.List("subscription-history")), history)
	}
}

// halfway lets something happen behind every write of a unit of work.
func halfway(work provisioning.BillingUnitOfWork, happens func() error) provisioning.BillingUnitOfWork {
	return func(ctx context.Context, do func(provisioning.BillingTx) error) error {
		return work(ctx, func(l provisioning.BillingTx) error {
			then := interrupted{happens}
			l.Subscriptions = interruptedSubscriptions{l.Subscriptions, then}
			l.MinutesPacks = interruptedPacks{l.MinutesPacks, then}
			l.Reconciliations = interruptedReconciliations{l.Reconciliations, then}
			return do(l)
		})
	}
}

type interrupted struct{ happens func() error }

// after is a write's own error, or what happens behind it.
func (i interrupted) after(err error) error {
	if err != nil {
		return err
	}
	return i.happens()
}

type interruptedSubscriptions struct {
	provisioning.Subscriptions
	interrupted
}

// AddSubscription is interrupted.
func (i interruptedSubscriptions) AddSubscription(ctx context.Context, s billing.Subscription) error {
	return i.after(i.Subscriptions.AddSubscription(ctx, s))
}

// UpdateSubscription is interrupted.
func (i interruptedSubscriptions) UpdateSubscription(ctx context.Context, s billing.Subscription) error {
	return i.after(i.Subscriptions.UpdateSubscription(ctx, s))
}

type interruptedPacks struct {
	provisioning.MinutesPacks
	interrupted
}

// AddMinutesPack is interrupted.
func (i interruptedPacks) AddMinutesPack(ctx context.Context, p billing.MinutesPack) error {
	return i.after(i.MinutesPacks.AddMinutesPack(ctx, p))
}

// MoveMinutesPacks is interrupted.
func (i interruptedPacks) MoveMinutesPacks(ctx context.Context, from, to source.NamespaceID) error {
	return i.after(i.MinutesPacks.MoveMinutesPacks(ctx, from, to))
}

type interruptedReconciliations struct {
	provisioning.Reconciliations
	interrupted
}

// PutReconciliation is interrupted.
func (i interruptedReconciliations) PutReconciliation(ctx context.Context, r billing.Reconciliation, now time.Time) error {
	return i.after(i.Reconciliations.PutReconciliation(ctx, r, now))
}

// RemoveReconciliation is interrupted.
func (i interruptedReconciliations) RemoveReconciliation(ctx context.Context, of source.NamespaceID) error {
	return i.after(i.Reconciliations.RemoveReconciliation(ctx, of))
}
