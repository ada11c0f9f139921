package behaviour_test

import (
	"fmt"
	"time"

	"gatehouse/bootstrap/config"
)

const (
	createAcme = "POST /namespaces/10/gitlab_subscription"
	updateAcme = "PUT /namespaces/10/gitlab_subscription"
	readAcme   = "GET /namespaces/10/gitlab_subscription"
	mustBeRoot = `{"message":"400 Bad request - Must be root namespace"}`
)

// subscriptionCases are about creating, updating and reading subscriptions.
var subscriptionCases = []Case{
	{Name: "subscription: parameters and validation", Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{createAcme, "", 400, `{"error":"start_date is missing"}`},
			portalCall{createAcme, `{"start_date":"x","end_date":1,"seats":"x","max_seats_used":[],"auto_renew":"x","trial":{},"trial_starts_on":true,"trial_ends_on":"x","trial_extension_type":"x"}`, 400,
				`{"error":"start_date is invalid, end_date is invalid, seats is invalid, max_seats_used is invalid, auto_renew is invalid, trial is invalid, trial_starts_on is invalid, trial_ends_on is invalid, trial_extension_type is invalid"}`},
			portalCall{createAcme, `{"start_date":null,"seats":null}`, 400, `{"message":{"seats":["can't be blank"],"start_date":["can't be blank"]}}`},
			portalCall{createAcme, "start_date=&seats=3", 400, `{"message":{"start_date":["can't be blank"]}}`},
			portalCall{createAcme, "start_date=2026-01-01&seats=-1&max_seats_used=-2", 400,
				`{"message":{"max_seats_used":["must be greater than or equal to 0"],"seats":["must be greater than or equal to 0"]}}`},
			portalCall{createAcme, "start_date=2026-01-01&trial_extension_type=3", 400, `{"message":{"trial_extension_type":["is not included in the list"]}}`},
		)
		s.Same("no subscription stored", len(t.billingRecords()), 0)
		t.wantAll(
			portalCall{createAcme, "start_date=2026-01-01&plan=free&plan_code=premium&seats=5&max_seats_used=7&auto_renew=true&end_date=2025-01-01", 201,
				`{"plan":{"code":"premium","name":"Premium","trial":false,"auto_renew":true,"upgradable":false,"exclude_guests":false},"usage":{"seats_in_subscription":5,"seats_in_use":3,"max_seats_used":7,"seats_owed":0},"billing":{"subscription_start_date":"2026-01-01","subscription_end_date":"2025-01-01","trial_ends_on":null}}`},
			portalCall{updateAcme, "seats=6", 200, `{"plan":{"code":"premium","auto_renew":true},"usage":{"seats_in_subscription":6,"max_seats_used":7},"billing":{"subscription_end_date":"2025-01-01"}}`},
			portalCall{updateAcme, `{"plan_code":null}`, 200, `{"plan":{"code":"free","name":"Free"}}`},
			portalCall{updateAcme, "plan=gold", 200, `{"plan":{"code":"gold","name":"Gold"}}`},
			portalCall{updateAcme, "plan_code=", 200, `{"plan":{"code":null,"name":null}}`},
			portalCall{updateAcme, "plan=gold&plan_code=unknown-plan", 200, `{"plan":{"code":null,"name":null}}`},
			portalCall{updateAcme, "end_date=20261128T000000Z&start_date=20260101T100000", 200, `{"billing":{"subscription_start_date":"2026-01-01","subscription_end_date":"2026-11-28"}}`},
			portalCall{updateAcme, "end_date=20261128+10:00:00", 200, `{"billing":{"subscription_end_date":"2026-11-28"}}`},
			portalCall{updateAcme, "end_date=20261128T1", 400, `{"error":"end_date is invalid"}`},
			portalCall{updateAcme, `{"end_date":null,"auto_renew":null}`, 200, `{"plan":{"auto_renew":null},"billing":{"subscription_end_date":null}}`},
			portalCall{updateAcme, "trial_ends_on=2020-01-01", 200, `{"billing":{"trial_ends_on":"2020-01-01"}}`},
			portalCall{updateAcme, "trial_extension_type=2", 200, ""},
			portalCall{updateAcme, "start_date=", 400, `{"message":{"start_date":["can't be blank"]}}`},
			portalCall{updateAcme, `{"seats":null,"start_date":null}`, 400, `{"message":{"seats":["can't be blank"],"start_date":["can't be blank"]}}`},
			portalCall{updateAcme, "seats=-1", 400, `{"message":{"seats":["must be greater than or equal to 0"]}}`},
			portalCall{"POST /namespaces/own/gitlab_subscription", "start_date=2026-01-01", 201, `{"plan":{"code":null,"name":null,"trial":false,"auto_renew":null,"upgradable":false,"exclude_guests":false}}`},
		)
		s.Same("kept", s.List("subscriptions", "namespace_id", "plan_code", "start_date", "end_date", "seats", "auto_renew", "trial", "trial_starts_on", "trial_ends_on", "trial_extension_type"), []string{
			"10 - 2026-01-01 - 6 - false - 2020-01-01 2", "202 - 2026-01-01 - 0 - false - - -",
		})
	}},
	{Name: "subscription: trials", Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{createAcme, "start_date=2026-01-01&trial=true&plan=ultimate_trial", 201, `{"plan":{"code":"ultimate_trial","trial":true,"upgradable":false}}`},
			portalCall{"POST /namespaces/12/gitlab_subscription", "start_date=2026-01-01&trial=true&trial_starts_on=2026-02-01&trial_ends_on=2026-03-01", 201, `{"billing":{"trial_ends_on":"2026-03-01"}}`},
			portalCall{"POST /namespaces/13/gitlab_subscription", `{"start_date":"2026-01-01","trial":true,"trial_starts_on":null}`, 400, `{"message":{"trial_starts_on":["can't be blank"]}}`},
			portalCall{"POST /namespaces/13/gitlab_subscription", "start_date=2026-01-01", 201, ""},
			portalCall{"PUT /namespaces/13/gitlab_subscription", "trial=true", 400, `{"message":{"trial_starts_on":["can't be blank"]}}`},
			portalCall{"PUT /namespaces/13/gitlab_subscription", "trial=true&start_date=2026-02-02", 200, `{"plan":{"trial":true}}`},
			portalCall{"PUT /namespaces/13/gitlab_subscription", "trial=false", 200, `{"plan":{"trial":false}}`},
		)
		s.Same("trials", s.List("subscriptions", "namespace_id", "trial_starts_on", "trial_ends_on"), []string{"10 2026-01-01 -", "12 2026-02-01 2026-03-01", "13 2026-02-02 -"})

		strict := s.portalServer(func(c *config.Config) { c.Subscriptions.StrictTrial = true })
		strict.wantAll(
			portalCall{"POST /namespaces/14/gitlab_subscription", "start_date=2026-01-01&trial=true", 400, `{"message":{"trial_ends_on":["can't be blank"]}}`},
			portalCall{"POST /namespaces/14/gitlab_subscription", "start_date=2026-01-01&trial=true&trial_ends_on=2026-01-01", 400, `{"message":{"trial_ends_on":["must be after trial_starts_on"]}}`},
			portalCall{"POST /namespaces/14/gitlab_subscription", "start_date=2026-01-01&trial=true&trial_ends_on=2026-01-02", 201, ""},
		)
	}},
	{Name: "subscription: POST creates it", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{createAcme, "start_date=2026-01-01&seats=5&plan=premium", 201, ""},
			portalCall{createAcme, "start_date=2026-02-01&seats=9", 400, `{"message":{"namespace_id":["has already been taken"]}}`},
			portalCall{"POST /namespaces/acme%2Fsub/gitlab_subscription", "start_date=2026-01-01", 400, mustBeRoot},
			portalCall{"POST /namespaces/own/gitlab_subscription", "start_date=2026-01-01&plan=premium&seats=1", 201, `{"usage":{"seats_in_use":1,"max_seats_used":0,"seats_owed":0}}`},
			portalCall{"POST /namespaces/empty/gitlab_subscription", "start_date=2026-01-01&plan=premium&seats=1", 201, `{"usage":{"seats_in_use":0,"max_seats_used":0,"seats_owed":0}}`},
			portalCall{"POST /namespaces/404/gitlab_subscription", "start_date=2026-01-01", 404, missingNamespace},
		)
		s.Same("the first one stays", s.List("subscriptions", "namespace_id", "plan_code", "start_date", "seats", "seats_in_use")[0], "10 premium 2026-01-01 5 3")
	}},
	{Name: "subscription: PUT updates it", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{updateAcme, "seats=5", 404, `{"message":"404 GitlabSubscription Not Found"}`},
			portalCall{"PUT /namespaces/404/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"PUT /namespaces/11/gitlab_subscription", "", 400, mustBeRoot},
			portalCall{createAcme, "start_date=2026-01-01&seats=5&plan=premium", 201, ""},
		)
		for i, body := range []string{"", "{}", "seats=5", "start_date=2026-01-01"} {
			t.now = now.Add(time.Duration(i+1) * time.Hour)
			t.wantReply("unchanged "+body, t.send(updateAcme, body), 200, `{"plan":{"code":"premium"},"usage":{"seats_in_subscription":5,"seats_in_use":3}}`)
			s.Same("updated", s.List("subscriptions", "updated_at"), []string{t.now.UTC().Format(time.RFC3339Nano)})
		}
		s.Same("a refused one changes nothing", t.send(updateAcme, "seats=-1").status, 400)
		s.Same("history", s.List("subscription-history", "id", "namespace_id", "seats", "updated_at"), []string{
			"1 10 5 2026-03-10T12:34:56.789012Z", "2 10 5 2026-03-10T13:34:56.789012Z", "3 10 5 2026-03-10T14:34:56.789012Z", "4 10 5 2026-03-10T15:34:56.789012Z",
		})
	}},
	{Name: "subscription history: previous state after each change", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{createAcme, "start_date=2026-01-01&end_date=2027-01-01&seats=5&plan=premium&trial=true&trial_ends_on=2026-02-01&auto_renew=false&max_seats_used=2&trial_extension_type=1", 201, ""},
			portalCall{updateAcme, "start_date=2025-05-05&end_date=&seats=1&plan=gold&trial_starts_on=2020-01-01&trial_ends_on=&auto_renew=&max_seats_used=9&trial_extension_type=", 200, ""},
			portalCall{updateAcme, "seats=2", 200, ""},
		)
		fields := []string{
			"namespace_id", "plan_code", "start_date", "end_date", "seats", "seats_in_use", "max_seats_used", "seats_owed", "auto_renew", "trial",
			"trial_starts_on", "trial_ends_on", "trial_extension_type", "max_seats_used_changed_at",
		}
		s.Same("history", s.List("subscription-history", fields...), []string{
			"10 premium 2026-01-01 2027-01-01 5 3 2 0 false true 2026-01-01 2026-02-01 1 -",
			"10 gold 2025-05-05 - 1 3 9 0 - true 2020-01-01 - - 2026-03-10T12:34:56.789012Z",
		})
		s.Apply("subscriptions: [{namespace: acme, start_date: 2026-01-01}]")
		s.Same("by a world too", len(s.List("subscription-history")), 3)
	}},
	{Name: "subscription: who may read it", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		s.Apply(`{groups: [{id: 315, path: lent}], shares: [{group: lent, with: acme, role: owner}], users: [{id: 9, username: pal}],
			access_tokens: [{user: pal, name: pal, scopes: [read_api], token: t-pal}], members: [{user: pal, group: lent, role: owner, expires_at: 2026-03-10}]}`)
		for _, row := range []struct {
			where, who string
			status     int
			want       string
		}{
			{"10", "root", 200, ""}, {"10", "own", 200, ""}, {"11", "own", 200, ""}, {"10", "maint", 403, mayNot}, {"10", "gus", 403, mayNot},
			{"11", "gus", 403, mayNot}, {"10", "sam", 404, missingNamespace}, {"12", "sam", 404, missingNamespace}, {"12", "own", 404, missingNamespace},
			{"202", "own", 200, ""}, {"202", "root", 200, ""}, {"202", "sam", 404, missingNamespace}, {"own", "maint", 404, missingNamespace},
			{"315", "own", 200, ""}, {"315", "maint", 403, mayNot}, {"315", "pal", 404, missingNamespace}, {"404", "own", 404, missingNamespace},
		} {
			t.wantReply(row.where+" by "+row.who, t.send("GET /namespaces/"+row.where+"/gitlab_subscription", "", "PRIVATE-TOKEN: t-"+row.who), row.status, row.want)
		}
	}},
	{Name: "subscription: GET", Check: func(s Subject) {
		t := s.portalServer()
		const none = `{"plan":{"code":null,"name":null,"trial":null,"auto_renew":null,"upgradable":null,"exclude_guests":null},"usage":{"seats_in_subscription":null,"seats_in_use":null,"max_seats_used":null,"seats_owed":null},"billing":{"subscription_start_date":null,"subscription_end_date":null,"trial_ends_on":null}}`
		s.Same("none", t.send(readAcme, "").body, none)
		t.wantReply("one", t.send(createAcme, "start_date=2026-01-01&plan=gold&seats=2"), 201, "")
		s.Same("as POST said", t.send(readAcme, "").body,
			`{"plan":{"code":"gold","name":"Gold","trial":false,"auto_renew":null,"upgradable":false,"exclude_guests":true},"usage":{"seats_in_subscription":2,"seats_in_use":2,"max_seats_used":0,"seats_owed":0},"billing":{"subscription_start_date":"2026-01-01","subscription_end_date":null,"trial_ends_on":null}}`)
		s.Same("below", t.send("GET /namespaces/11/gitlab_subscription", "").body, none)
		s.Same("by the newer prefix", t.send("GET /internal/gitlab_subscriptions/namespaces/acme/gitlab_subscription", "").body, t.send(readAcme, "").body)
	}},
	{Name: "subscription: plans", Check: func(s Subject) {
		t := s.portalServer()
		t.wantReply("a subscription", t.send(createAcme, "start_date=2026-01-01&seats=2"), 201, "")
		t.wantReply("a user's", t.send("POST /namespaces/own/gitlab_subscription", "start_date=2026-01-01&seats=2"), 201, "")
		for _, p := range []struct {
			code, title          string
			upgradable, noGuests bool
		}{
			{"free", "Free", false, false}, {"default", "Default", false, false}, {"bronze", "Bronze", true, false}, {"silver", "Silver", true, false},
			{"premium", "Premium", true, false}, {"gold", "Gold", false, true}, {"ultimate", "Ultimate", false, true}, {"ultimate_trial", "Ultimate Trial", true, true},
			{"premium_trial", "Premium Trial", true, false}, {"opensource", "Opensource", false, false},
		} {
			want := `{"plan":{"code":%q,"name":%q,"upgradable":%t,"exclude_guests":%t}}`
			t.wantReply(p.code, t.send(updateAcme, "plan="+p.code), 200, fmt.Sprintf(want, p.code, p.title, p.upgradable, p.noGuests))
			t.wantReply(p.code, t.send("PUT /namespaces/own/gitlab_subscription", "plan="+p.code), 200, fmt.Sprintf(want, p.code, p.title, p.upgradable, false))
		}
		t.wantAll(
			portalCall{updateAcme, "plan=premium&end_date=2026-03-09", 200, `{"plan":{"upgradable":false}}`},
			portalCall{updateAcme, "end_date=2026-03-10", 200, `{"plan":{"upgradable":true}}`},
			portalCall{updateAcme, "end_date=", 200, `{"plan":{"upgradable":true}}`},
			portalCall{updateAcme, "seats=0", 200, `{"plan":{"upgradable":false}}`},
			portalCall{updateAcme, "seats=1&trial=true&trial_starts_on=2026-01-01", 200, `{"plan":{"upgradable":false}}`},
		)
		like := s.portalServer(func(c *config.Config) { c.Plans[4].Title, c.Plans[4].Top = "premium", true })
		like.wantReply("documented plan names", like.send("POST /namespaces/13/gitlab_subscription?start_date=2020-07-15&plan=premium&seats=10", ""), 201,
			`{"plan":{"code":"premium","name":"premium","trial":false,"auto_renew":null,"upgradable":false}}`)
	}},
}
