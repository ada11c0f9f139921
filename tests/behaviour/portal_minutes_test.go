package behaviour_test

import (
	"context"
	"encoding/json"
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
	addPacksAcme = "POST /namespaces/10/minutes"
	accepted     = `{"message":"202 Accepted"}`
)

// notSaved is the answer to packs that are refused; reasons name them.
func notSaved(reasons ...string) string {
	text, _ := json.Marshal("400 Bad request - Unable to save additional packs: " + strings.Join(reasons, "; "))
	return `{"message":` + string(text) + `}`
}

// takenBy is the reason for a purchase of another namespace.
func takenBy(index int, xid string) string {
	return fmt.Sprintf("packs[%d] (purchase_xid %q): purchase_xid has already been taken", index, xid)
}

// packsOf is a request for packs of a thousand minutes.
func packsOf(xids ...string) string {
	packs := make([]string, len(xids))
	for i, xid := range xids {
		packs[i] = fmt.Sprintf(`{"number_of_minutes":1000,"expires_at":"2027-01-01","purchase_xid":%q}`, xid)
	}
	return `{"packs":[` + strings.Join(packs, ",") + `]}`
}

// packsIn is the answer to packsOf.
func packsIn(namespace int, xids ...string) string {
	packs := make([]string, len(xids))
	for i, xid := range xids {
		packs[i] = fmt.Sprintf(`{"namespace_id":%d,"expires_at":"2027-01-01","number_of_minutes":1000,"purchase_xid":%q}`, namespace, xid)
	}
	return "[" + strings.Join(packs, ",") + "]"
}

// minutesCases are about adding and moving minutes packs.
var minutesCases = []Case{
	{Name: "minutes packs: invalid ones refused, nothing stored", Check: func(s Subject) {
		t := s.portalServer()
		pack := func(minutes, expires, xid string) string {
			return `{"packs":[{"number_of_minutes":` + minutes + `,"expires_at":` + expires + `,"purchase_xid":` + xid + `}]}`
		}
		t.wantAll(
			portalCall{addPacksAcme, "", 400, `{"error":"packs is missing"}`},
			portalCall{addPacksAcme, `{"packs":{"number_of_minutes":1}}`, 400, `{"error":"packs is invalid"}`},
			portalCall{addPacksAcme, `{"packs":"[]"}`, 400, `{"error":"packs is invalid"}`},
			portalCall{addPacksAcme, `{"packs":null}`, 400, `{"error":"packs is invalid"}`},
			portalCall{addPacksAcme, "packs[0][number_of_minutes]=1&packs[0][expires_at]=2027-01-01&packs[0][purchase_xid]=a", 400, `{"error":"packs is invalid"}`},
			portalCall{addPacksAcme, "number_of_minutes=1&expires_at=2027-01-01&purchase_xid=a", 400, `{"error":"packs is missing"}`},
			portalCall{addPacksAcme, `{"packs":[{"number_of_minutes":1,"purchase_xid":"a"}]}`, 400, `{"error":"packs[0][expires_at] is missing"}`},
			portalCall{addPacksAcme, `{"packs":[{"number_of_minutes":1,"expires_at":"2027-01-01","purchase_xid":"a"},{}]}`, 400,
				`{"error":"packs[1][number_of_minutes] is missing, packs[1][expires_at] is missing, packs[1][purchase_xid] is missing"}`},
			portalCall{addPacksAcme, pack(`"x"`, `"2027-01-01"`, `"a"`), 400, `{"error":"packs[0][number_of_minutes] is invalid"}`},
			portalCall{addPacksAcme, pack(`2147483648`, `"2027-01-01"`, `"a"`), 400, `{"error":"packs[0][number_of_minutes] is invalid"}`},
			portalCall{addPacksAcme, pack(`1`, `"12/31/2027"`, `"a"`), 400, `{"error":"packs[0][expires_at] is invalid"}`},
			portalCall{addPacksAcme, pack(`1`, `"2027-01-01"`, `["a"]`), 400, `{"error":"packs[0][purchase_xid] is invalid"}`},
			portalCall{addPacksAcme, pack(`1`, `"2027-01-01"`, `"a\u0000"`), 400, `{"error":"packs[0][purchase_xid] is invalid"}`},
			portalCall{addPacksAcme, pack(`null`, `"2027-01-01"`, `"a"`), 400, notSaved(`packs[0] (purchase_xid "a"): number_of_minutes can't be blank`)},
			portalCall{addPacksAcme, pack(`""`, `"2027-01-01"`, `"a"`), 400, notSaved(`packs[0] (purchase_xid "a"): number_of_minutes can't be blank`)},
			portalCall{addPacksAcme, pack(`1`, `null`, `"a"`), 400, notSaved(`packs[0] (purchase_xid "a"): expires_at can't be blank`)},
			portalCall{addPacksAcme, pack(`1`, `""`, `"a"`), 400, notSaved(`packs[0] (purchase_xid "a"): expires_at can't be blank`)},
			portalCall{addPacksAcme, pack(`1`, `"2027-01-01"`, `null`), 400, notSaved(`packs[0] (purchase_xid ""): purchase_xid can't be blank`)},
			portalCall{addPacksAcme, pack(`1`, `"2027-01-01"`, `" "`), 400, notSaved(`packs[0] (purchase_xid " "): purchase_xid can't be blank`)},
			portalCall{addPacksAcme, pack(`-1`, `"2027-01-01"`, `"a"`), 400, notSaved(`packs[0] (purchase_xid "a"): number_of_minutes must be greater than or equal to 0`)},
			portalCall{addPacksAcme, pack(`1`, `"2027-01-01"`, `"`+strings.Repeat("ö", 33)+`"`), 400,
				notSaved(`packs[0] (purchase_xid "` + strings.Repeat("ö", 33) + `"): purchase_xid is too long (maximum is 32 characters)`)},
			portalCall{addPacksAcme, `{"packs":[{"number_of_minutes":-1,"expires_at":"","purchase_xid":"a"},{"number_of_minutes":1,"expires_at":"2027-01-01","purchase_xid":"b"},
				{"number_of_minutes":1,"expires_at":"2027-01-01","purchase_xid":""}]}`, 400,
				notSaved(`packs[0] (purchase_xid "a"): number_of_minutes must be greater than or equal to 0, expires_at can't be blank`,
					`packs[2] (purchase_xid ""): purchase_xid can't be blank`)},
			portalCall{"POST /namespaces/404/minutes", packsOf("a"), 404, missingNamespace},
			portalCall{"POST /namespaces/acme%2Fcli/minutes", packsOf("a"), 404, missingNamespace},
			portalCall{"POST /namespaces/11/minutes", packsOf("a"), 400, `{"message":"400 Bad request - Namespace must be a top-level namespace"}`},
		)
		s.Same("no packs stored", s.List("packs"), []string{})
		t.wantAll(
			portalCall{addPacksAcme, `{"packs":[]}`, 201, `[]`},
			portalCall{addPacksAcme, pack(`0`, `"2001-01-01"`, `"`+strings.Repeat("ö", 32)+`"`), 201,
				`[{"namespace_id":10,"expires_at":"2001-01-01","number_of_minutes":0,"purchase_xid":"` + strings.Repeat("ö", 32) + `"}]`},
			portalCall{"POST /namespaces/own/minutes", pack(`"7"`, `"13 Jun 2027"`, `7`), 201, `[{"namespace_id":202,"expires_at":"2027-06-13","number_of_minutes":7,"purchase_xid":"7"}]`},
		)
	}},
	{Name: "minutes pack sent again: stored once, first values stay", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{addPacksAcme, packsOf("a", "b", "a"), 201, packsIn(10, "a", "b", "a")},
			portalCall{addPacksAcme, packsOf("b", "c", "A"), 201, packsIn(10, "b", "c", "A")},
			portalCall{addPacksAcme, `{"packs":[{"number_of_minutes":5,"expires_at":"2030-01-01","purchase_xid":"a"}]}`, 201, packsIn(10, "a")},
			portalCall{addPacksAcme, `{"packs":[{"number_of_minutes":null,"expires_at":null,"purchase_xid":"a"}]}`, 201, packsIn(10, "a")},
			portalCall{addPacksAcme, "packs[][number_of_minutes]=1000&packs[][expires_at]=2027-01-01&packs[][purchase_xid]=d&packs[][number_of_minutes]=1000&packs[][expires_at]=01/01/2027&packs[][purchase_xid]=e", 201, packsIn(10, "d", "e")},
			portalCall{"POST /namespaces/13/minutes", packsOf("f", "a", "g"), 400, notSaved(takenBy(1, "a"))},
			portalCall{addPacksAcme, `{"packs":[{"number_of_minutes":1,"expires_at":"2030-01-01","purchase_xid":"h"},{"number_of_minutes":-1,"expires_at":"2030-01-01","purchase_xid":"i"}]}`, 400,
				notSaved(`packs[1] (purchase_xid "i"): number_of_minutes must be greater than or equal to 0`)},
			portalCall{"POST /internal/gitlab_subscriptions/namespaces/ACME/minutes", packsOf("j"), 201, packsIn(10, "j")},
		)
		s.Same("kept", s.List("packs", "namespace_id", "purchase_xid"), []string{"10 A", "10 a", "10 b", "10 c", "10 d", "10 e", "10 j"})
	}},
	{Name: "moving minutes packs: order of the checks", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		const sub, nested = "acme%2Fsub", `{"message":"400 Bad request - Namespace must be a top-level namespace"}`
		t.wantAll(
			portalCall{addPacksAcme, packsOf("a", "b"), 201, ""},
			portalCall{"POST /namespaces/13/minutes", packsOf("c"), 201, ""},
			portalCall{"PATCH /namespaces/404/minutes/move/405", "", 404, missingNamespace},
			portalCall{"PATCH /namespaces/" + sub + "/minutes/move/405", "", 404, `{"message":"404 Target namespace Not Found"}`},
			portalCall{"PATCH /namespaces/" + sub + "/minutes/move/" + sub, "", 400, nested},
			portalCall{"PATCH /namespaces/10/minutes/move/" + sub, "", 400, `{"message":"400 Bad request - Target namespace must be a top-level namespace"}`},
			portalCall{"PATCH /namespaces/10/minutes/move/Acme", "", 400, `{"message":"400 Bad request - Namespace and target must be different"}`},
			portalCall{"PATCH /namespaces/10/minutes/move/13", "{", 400, `{"error":"message body does not match declared format"}`},
		)
		s.Same("nothing moved", s.List("packs", "namespace_id", "purchase_xid"), []string{"10 a", "10 b", "13 c"})
		t.wantAll(
			portalCall{"PATCH /namespaces/10/minutes/move/test.group.2", "", 202, accepted},
			portalCall{"PATCH /namespaces/10/minutes/move/12", "{}", 202, accepted},
		)
		s.Same("moved", s.List("packs", "namespace_id", "purchase_xid"), []string{"12 a", "12 b", "13 c"})
		t.wantAll(
			portalCall{"POST /namespaces/12/minutes", packsOf("a"), 201, packsIn(12, "a")},
			portalCall{"PATCH /namespaces/12/minutes/move/own", "", 202, accepted},
			portalCall{"PATCH /internal/gitlab_subscriptions/namespaces/OWN/minutes/move/empty", "", 202, accepted},
		)
		s.Same("moved on", s.List("packs", "namespace_id", "purchase_xid"), []string{"13 c", "14 a", "14 b"})
	}},
	{Name: "purchase sent again after its packs were moved: first answer again, nothing added", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		first := t.send(addPacksAcme, packsOf("a", "b"))
		again := func(namespace, want string, xids ...string) portalCall {
			return portalCall{"POST /namespaces/" + namespace + "/minutes", packsOf(xids...), 201, want}
		}
		t.wantAll(
			portalCall{"PATCH /namespaces/10/minutes/move/13", "", 202, accepted},
			again("10", first.body, "a", "b"),
			again("13", packsIn(13, "a", "b"), "a", "b"),
			portalCall{"PATCH /namespaces/13/minutes/move/own", "", 202, accepted},
			again("acme", first.body, "a", "b"),
			again("13", packsIn(13, "b"), "b"),
			again("own", packsIn(202, "a", "b", "a"), "a", "b", "a"),
			portalCall{addPacksAcme, `{"packs":[{"number_of_minutes":null,"expires_at":null,"purchase_xid":"a"}]}`, 201, packsIn(10, "a")},
		)
		s.Same("packs", s.List("packs", "namespace_id", "purchase_xid"), []string{"202 a", "202 b"})
		t.wantAll(
			portalCall{"POST /namespaces/14/minutes", packsOf("c", "a"), 400, notSaved(takenBy(1, "a"))},
			portalCall{addPacksAcme, packsOf("d", "a", "A"), 201, packsIn(10, "d", "a", "A")},
			portalCall{"PATCH /namespaces/own/minutes/move/10", "", 202, accepted},
			again("10", first.body, "a", "b"),
			again("own", packsIn(202, "a"), "a"),
		)
		s.Same("packs, moved back", s.List("packs", "namespace_id", "purchase_xid"), []string{"10 A", "10 a", "10 b", "10 d"})
	}},
}

// portalConcurrencyCases are about concurrent requests, and about requests that
// fail between two writes.
var portalConcurrencyCases = []Case{
	{Name: "concurrent POSTs of a subscription: one creates it, the others are refused", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		for _, namespace := range []string{"10", "12", "13", "14", "202"} {
			var made, refused atomic.Int32
			subject.Concurrently(func(me int) {
				switch got := t.send("POST /namespaces/"+namespace+"/gitlab_subscription", fmt.Sprintf("start_date=2026-01-01&seats=%d", me)); {
				case got.status == 201:
					made.Add(1)
				case got.status == 400 && got.body == `{"message":{"namespace_id":["has already been taken"]}}`:
					refused.Add(1)
				default:
					s.Errorf("got %d %s", got.status, got.body)
				}
			})
			s.Same("made and refused", []int32{made.Load(), refused.Load()}, []int32{1, subject.Goroutines - 1})
		}
		s.Same("subscriptions", len(s.List("subscriptions")), 5)
	}},
	{Name: "concurrent changes of a subscription: all applied", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(portalCall{createAcme, "start_date=2026-01-01", 201, ""})
		bodies := []string{"seats=7", "end_date=2030-01-01", "plan=gold", "auto_renew=true", "max_seats_used=3", "trial_ends_on=2029-01-01", "trial_extension_type=1", "trial_starts_on=2028-01-01"}
		subject.Concurrently(func(me int) { t.wantReply(bodies[me%len(bodies)], t.send(updateAcme, bodies[me%len(bodies)]), 200, "") })
		s.Same("all", s.List("subscriptions", "plan_code", "end_date", "seats", "max_seats_used", "auto_renew", "trial_starts_on", "trial_ends_on", "trial_extension_type"),
			[]string{"gold 2030-01-01 7 3 true 2028-01-01 2029-01-01 1"})
		s.Same("history", len(s.List("subscription-history")), subject.Goroutines)
	}},
	{Name: "minutes pack sent ten times at once: stored once", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		done := make(chan reply, 10)
		for range 10 {
			go func() { done <- t.send(addPacksAcme, packsOf("a", "b")) }()
		}
		for range 10 {
			t.wantReply("sent", <-done, 201, packsIn(10, "a", "b"))
		}
		s.Same("kept", s.List("packs", "purchase_xid"), []string{"a", "b"})
	}},
	{Name: "purchase sent ten times at once while its packs move on: first answer each time", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(portalCall{addPacksAcme, packsOf("a", "b"), 201, packsIn(10, "a", "b")})
		done := make(chan reply, 10)
		for range 10 {
			go func() { done <- t.send(addPacksAcme, packsOf("a", "b")) }()
		}
		for _, move := range []string{"10/minutes/move/13", "13/minutes/move/own", "own/minutes/move/14"} {
			t.wantReply(move, t.send("PATCH /namespaces/"+move, ""), 202, accepted)
		}
		for range 10 {
			t.wantReply("sent", <-done, 201, packsIn(10, "a", "b"))
		}
		s.Same("kept", s.List("packs", "namespace_id", "purchase_xid"), []string{"14 a", "14 b"})
	}},
	{Name: "concurrent purchases of packs in different orders: no deadlock", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		subject.Concurrently(func(me int) {
			xids := []string{"a", "b", "c", "d", "e"}
			if me%2 == 0 {
				xids = []string{"e", "d", "c", "b", "a"}
			}
			t.wantReply("bought", t.send(addPacksAcme, packsOf(xids...)), 201, packsIn(10, xids...))
		})
		s.Same("kept", len(s.List("packs")), 5)
	}},
	{Name: "one purchase_xid for two namespaces at once: one gets it", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		for round := range subject.Rounds {
			var sold atomic.Int32
			xid := fmt.Sprint("x", round)
			subject.Concurrently(func(me int) {
				switch got := t.send(fmt.Sprintf("POST /namespaces/%d/minutes", 12+me%2), packsOf(xid, fmt.Sprint("y", round, " ", me%2))); {
				case got.status == 201:
					sold.Add(1)
				case got.body != notSaved(takenBy(0, xid)):
					s.Errorf("got %d %s", got.status, got.body)
				}
			})
			s.Same("one namespace gets it", sold.Load(), int32(subject.Goroutines/2))
		}
		s.Same("packs", len(s.List("packs")), 2*subject.Rounds)
	}},
	{Name: "packs moved during purchases: none lost", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		subject.Concurrently(func(me int) {
			if me%2 == 0 {
				t.wantReply("moved", t.send("PATCH /namespaces/10/minutes/move/13", ""), 202, accepted)
				return
			}
			for i := range 5 {
				t.wantReply("bought", t.send(addPacksAcme, packsOf(fmt.Sprintf("%d-%d", me, i))), 201, "")
			}
		})
		s.Same("packs", len(s.List("packs")), 5*subject.Goroutines/2)
		t.wantReply("moved", t.send("PATCH /namespaces/10/minutes/move/13", ""), 202, accepted)
		for _, line := range s.List("packs", "namespace_id") {
			s.Same("all moved", line, "13")
		}
	}},
	{Name: "error after a write: rolled back", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServerOver(afterWrites(s.BillingUnitOfWork, func() error { return errors.New("power cut") }))
		t.wantRolledBack("an error")
	}},
	{Name: "request cancelled after a write: rolled back", OnDatabases: true, Check: func(s Subject) {
		var cancel context.CancelFunc
		gone := afterWrites(s.BillingUnitOfWork, func() error { cancel(); return nil })
		t := s.portalServerOver(func(ctx context.Context, do func(provisioning.BillingTx) error) error {
			ctx, cancel = context.WithCancel(ctx)
			return gone(ctx, do)
		})
		t.wantRolledBack("a cancelled context")
	}},
	{Name: "store unavailable: 503", Check: func(s Subject) {
		t := s.portalServerOver(func(context.Context, func(provisioning.BillingTx) error) error { return context.DeadlineExceeded })
		for _, r := range portalRoutes {
			if !strings.HasPrefix(r.request, "GET") {
				t.wantReply(r.request, t.send(r.request, r.body), 503, `{"message":"Nothing can be booked at the moment. Try again later."}`)
			}
		}
	}},
}

// wantRolledBack makes requests that fail after their first write, and fails the
// case if one of them changes the store.
func (t *portalServer) wantRolledBack(what string) {
	t.Helper()
	t.Apply("subscriptions: [{namespace: own, start_date: 2026-01-01, seats: 3}]", "packs: [{namespace: own, purchase_xid: o, number_of_minutes: 1, expires_at: 2027-01-01}]",
		"reconciliations: [{namespace: own, next_reconciliation_date: 2026-05-01, display_alert_from: 2026-04-01}]")
	before, history := t.billingRecords(), len(t.List("subscription-history"))
	for _, r := range []portalCall{
		{"POST /namespaces/10/gitlab_subscription", "start_date=2026-01-01", 500, ""},
		{"PUT /namespaces/own/gitlab_subscription", "seats=9", 500, ""},
		{"POST /namespaces/10/minutes", packsOf("a", "b", "c"), 500, ""},
		{"PATCH /namespaces/own/minutes/move/10", "", 500, ""},
		{"PUT /internal/upcoming_reconciliations", `{"upcoming_reconciliations":[{"namespace_id":10,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-06-01"},{"namespace_id":202,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-06-01"}]}`, 500, ""},
		{"DELETE /internal/upcoming_reconciliations?namespace_id=202", "", 500, ""},
	} {
		t.wantReply(what+": "+r.request, t.send(r.request, r.body), 500, `{"message":"500 Internal Server Error"}`)
		t.Same(r.request, t.billingRecords(), before)
		t.Same(r.request+", history", len(t.List("subscription-history")), history)
		t.Same(r.request+", audit events", len(t.List("audit")), 0)
	}
}

// afterWrites calls a function after every successful write of a unit of work.
func afterWrites(work provisioning.BillingUnitOfWork, then func() error) provisioning.BillingUnitOfWork {
	return func(ctx context.Context, do func(provisioning.BillingTx) error) error {
		return work(ctx, func(tx provisioning.BillingTx) error {
			interrupt := interrupted{then}
			tx.Subscriptions = interruptedSubscriptions{tx.Subscriptions, interrupt}
			tx.MinutesPacks = interruptedPacks{tx.MinutesPacks, interrupt}
			tx.Reconciliations = interruptedReconciliations{tx.Reconciliations, interrupt}
			return do(tx)
		})
	}
}

type interrupted struct{ then func() error }

// after returns the error of the write, or else that of the function.
func (i interrupted) after(err error) error {
	if err != nil {
		return err
	}
	return i.then()
}

type interruptedSubscriptions struct {
	provisioning.Subscriptions
	interrupted
}

// Add adds it, then calls the function.
func (i interruptedSubscriptions) Add(ctx context.Context, s billing.Subscription) error {
	return i.after(i.Subscriptions.Add(ctx, s))
}

// Update updates it, then calls the function.
func (i interruptedSubscriptions) Update(ctx context.Context, s billing.Subscription) error {
	return i.after(i.Subscriptions.Update(ctx, s))
}

type interruptedPacks struct {
	provisioning.MinutesPacks
	interrupted
}

// Add adds it, then calls the function.
func (i interruptedPacks) Add(ctx context.Context, p billing.MinutesPack) error {
	return i.after(i.MinutesPacks.Add(ctx, p))
}

// Move moves them, then calls the function.
func (i interruptedPacks) Move(ctx context.Context, from, to source.NamespaceID) ([]string, error) {
	xids, err := i.MinutesPacks.Move(ctx, from, to)
	return xids, i.after(err)
}

type interruptedReconciliations struct {
	provisioning.Reconciliations
	interrupted
}

// Put puts it, then calls the function.
func (i interruptedReconciliations) Put(ctx context.Context, r billing.Reconciliation, now time.Time) error {
	return i.after(i.Reconciliations.Put(ctx, r, now))
}

// Remove removes it, then calls the function.
func (i interruptedReconciliations) Remove(ctx context.Context, of source.NamespaceID) error {
	return i.after(i.Reconciliations.Remove(ctx, of))
}
