package behaviour_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gatehouse/bootstrap/config"
)

// auditedChanges returns what the audit events changed, as JSON.
func auditedChanges(s Subject) []string {
	s.Helper()
	var changes []string
	for _, record := range s.Read("audit") {
		var change []string
		for _, field := range record {
			if field.Name == "before" || field.Name == "after" {
				text, err := json.Marshal(field.Value)
				s.Fine("Marshal", err)
				change = append(change, string(text))
			}
		}
		changes = append(changes, strings.Join(change, " "))
	}
	return changes
}

// portalAuthCases are about access tokens, parameters and namespaces.
var portalAuthCases = []Case{
	{Name: "portal writes: audit events, none of what changed nothing", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		const days = `{"upcoming_reconciliations":[{"namespace_id":10,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-05-01"}]}`
		for _, call := range []portalCall{
			{"POST /namespaces/10/gitlab_subscription", "start_date=2026-01-01&plan_code=premium&seats=5", 201, ""},
			{"POST /namespaces/10/gitlab_subscription", "start_date=2026-01-01", 400, ""},
			{"PUT /namespaces/acme/gitlab_subscription", "seats=7&sudo=boss", 200, ""},
			{"PUT /namespaces/acme/gitlab_subscription", "seats=7&sudo=root", 200, ""},
			{"POST /namespaces/own/minutes", packsOf("a", "b"), 201, ""},
			{"POST /namespaces/own/minutes", packsOf("b", "a"), 201, ""},
			{"PATCH /namespaces/own/minutes/move/13", "", 202, ""},
			{"PATCH /namespaces/own/minutes/move/13", "", 202, ""},
			{"PUT /internal/upcoming_reconciliations", days, 200, ""},
			{"PUT /internal/upcoming_reconciliations", days, 200, ""},
			{"PUT /internal/upcoming_reconciliations", strings.Replace(days, "06-01", "06-02", 1), 200, ""},
			{"DELETE /internal/upcoming_reconciliations?namespace_id=10", "", 204, ""},
			{"DELETE /internal/upcoming_reconciliations?namespace_id=10", "", 404, ""},
		} {
			t.wantReply(call.request, t.send(call.request, call.body, "PRIVATE-TOKEN: t-sudo", "X-Request-Id: r-1"), call.status, call.want)
		}
		who := s.List("audit", "username", "ip_address", "actor_kind", "user_id", "token_id", "correlation_id", "outcome")
		s.Same("who", slices.Compact(who), []string{"root 192.0.2.1 user 1 4 r-1 done"})
		s.Same("what", s.List("audit", "action", "verb", "sudo", "entity_kind", "entity_id", "entity_path", "target_kind", "target_id", "target_path"), []string{
			"subscription.create create - group 10 acme subscription 10 acme",
			"subscription.update update boss group 10 acme subscription 10 acme",
			"minutes_pack.create create - user 2 own minutes_pack - a",
			"minutes_pack.create create - user 2 own minutes_pack - b",
			"minutes_pack.update update - user 2 own minutes_pack - a",
			"minutes_pack.update update - user 2 own minutes_pack - b",
			"reconciliation.create create - group 10 acme reconciliation 10 acme",
			"reconciliation.update update - group 10 acme reconciliation 10 acme",
			"reconciliation.delete delete - group 10 acme reconciliation 10 acme",
		})
		s.Same("changes", auditedChanges(s), []string{
			`null {"auto_renew":null,"end_date":null,"max_seats_used":0,"plan_code":"premium","seats":5,"seats_in_use":3,"seats_owed":0,"start_date":"2026-01-01",` +
				`"trial":false,"trial_ends_on":null,"trial_extension_type":null,"trial_starts_on":null}`,
			`{"seats":5} {"seats":7}`,
			`null {"expires_at":"2027-01-01","number_of_minutes":1000}`,
			`null {"expires_at":"2027-01-01","number_of_minutes":1000}`,
			`{"namespace_id":202} {"namespace_id":13}`,
			`{"namespace_id":202} {"namespace_id":13}`,
			`null {"display_alert_from":"2026-05-01","next_reconciliation_date":"2026-06-01"}`,
			`{"next_reconciliation_date":"2026-06-01"} {"next_reconciliation_date":"2026-06-02"}`,
			`{"display_alert_from":"2026-05-01","next_reconciliation_date":"2026-06-02"} null`,
		})
	}},
	{Name: "portal token: headers and parameters, in order", Check: func(s Subject) {
		t := s.portalServer()
		const get = "GET /namespaces/13/gitlab_subscription"
		for what, try := range map[string]reply{
			"PRIVATE-TOKEN":             t.send(get, "", "PRIVATE-TOKEN: t-root"),
			"private-token":             t.send(get, "", "private-token: t-root"),
			"Bearer":                    t.send(get, "", "Authorization: Bearer t-root"),
			"bearer":                    t.send(get, "", "Authorization: bearer  t-root"),
			"TOKEN":                     t.send(get, "", "TOKEN: t-root"),
			"parameter":                 t.send(get+"?private_token=t-root", "", "X: y"),
			"access_token":              t.send(get+"?access_token=t-root", "", "X: y"),
			"private_token first":       t.send(get+"?access_token=x&private_token=t-root", "", "X: y"),
			"PRIVATE-TOKEN before":      t.send(get+"?private_token=x", `{"private_token":"x"}`, "PRIVATE-TOKEN: t-root", "Authorization: Bearer x", "TOKEN: x"),
			"Bearer before TOKEN":       t.send(get+"?access_token=x", "", "Authorization: Bearer t-root", "TOKEN: x"),
			"TOKEN before parameter":    t.send(get+"?private_token=x", "private_token=x", "TOKEN: t-root"),
			"query before body":         t.send(get+"?access_token=t-root", "private_token=x", "X: y"),
			"empty ones do not count":   t.send(get+"?private_token=", "", "PRIVATE-TOKEN: ", "TOKEN: t-root"),
			"form":                      t.send(get, "private_token=t-root", "X: y"),
			"JSON":                      t.send(get, `{"private_token":"t-root"}`, "X: y"),
			"access_token in JSON":      t.send(get, `{"access_token":"t-root"}`, "X: y"),
			"form, private_token first": t.send(get, "private_token=t-root&access_token=x", "X: y"),
		} {
			t.wantReply(what, try, 200, "")
		}
		for what, try := range map[string]reply{
			"Basic":                     t.send(get, "", "Authorization: Basic t-root"),
			"a wrong header":            t.send(get+"?private_token=t-root", "", "PRIVATE-TOKEN: x"),
			"a wrong query":             t.send(get+"?private_token=x", "private_token=t-root", "X: y"),
			"a wrong parameter":         t.send(get+"?private_token=x&access_token=t-root", "", "X: y"),
			"a hash":                    t.send(get+"?private_token[a]=t-root", `{"private_token":{"a":"t-root"}}`, "X: y"),
			"a malformed body":          t.send("PUT /namespaces/13/gitlab_subscription", `{"private_token":"t-root"`, "X: y"),
			"a body of another kind":    t.send(get, "private_token=t-root", "Content-Type: text/plain"),
			"sudo alone, malformed":     t.send(get, "sudo=%", "X: y"),
			"a wrong header, malformed": t.send("PUT /namespaces/13/gitlab_subscription", "{", "PRIVATE-TOKEN: x"),
		} {
			t.wantReply(what, try, 401, unauthorized)
		}
	}},
	{Name: "portal token: body of more than 16 KiB", Check: func(s Subject) {
		t := s.portalServer()
		const put = "PUT /namespaces/13/gitlab_subscription"
		const names = `{"message":"401 Unauthorized - the access token is not looked for in a large body: send the header PRIVATE-TOKEN"}`
		sized := func(size int) string {
			const head = "private_token=t-sudo&sudo=own&x="
			return head + strings.Repeat("x", size-len(head))
		}
		t.wantReply("16 KiB", t.send(put, sized(16<<10), "X: y"), 403, mayNot)
		t.wantReply("a byte more", t.send(put, sized(16<<10+1), "X: y"), 401, names)
		t.wantReply("an unknown header", t.send(put, sized(64<<10), "PRIVATE-TOKEN: x"), 401, unauthorized)
		t.wantReply("the header", t.send(put, sized(64<<10), "PRIVATE-TOKEN: t-sudo"), 403, mayNot)
		t.wantReply("the query", t.send(put+"?private_token=t-sudo", sized(64<<10), "X: y"), 403, mayNot)
	}},
	{Name: "portal token: status on every route", Check: func(s Subject) {
		t := s.portalServer()
		for _, r := range portalRoutes {
			reading := strings.HasPrefix(r.request, "GET")
			for _, row := range []struct {
				header string
				status int
				want   string
			}{
				{"X: y", 401, unauthorized},
				{"PRIVATE-TOKEN: unknown", 401, unauthorized},
				{"PRIVATE-TOKEN: t-old", 401, `{"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token refresh."}`},
				{"PRIVATE-TOKEN: t-off", 401, `{"error":"invalid_token","error_description":"Token was revoked. You have to re-authorize from the user."}`},
				{"PRIVATE-TOKEN: t-other", 403, `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}`},
				{"PRIVATE-TOKEN: t-gone", 403, `{"message":"403 Forbidden - Your account has been blocked."}`},
				{"PRIVATE-TOKEN: t-dormant", 403, `{"message":"403 Forbidden - Your account has been deactivated. Sign in on the web to reactivate it."}`},
				{"PRIVATE-TOKEN: t-own-api", 403, mayNot},
				{"PRIVATE-TOKEN: t-read", 403, ""},
			} {
				if reading && (strings.HasSuffix(row.header, "t-own-api") || strings.HasSuffix(row.header, "t-read")) {
					row.status, row.want = 200, ""
				}
				got := t.send(r.request, r.body, row.header)
				t.wantReply(r.request+" "+row.header, got, row.status, row.want)
				bearer := got.header.Get("WWW-Authenticate")
				if named := strings.HasPrefix(bearer, "Bearer ") && strings.Contains(bearer, `error="invalid_token"`); named != strings.Contains(row.want, "invalid_token") {
					s.Errorf("%s %s: WWW-Authenticate is %q", r.request, row.header, bearer)
				}
			}
		}
		s.Same("no billing change", len(t.billingRecords()), 0)
		s.Fine("Flush", s.Store.Flush(s.Context()))
		s.Same("last use", slices.Contains(s.List("access-tokens", "name", "last_used_at"), "portal -"), true)
		t.wantReply("used", t.send("GET /namespaces/10/gitlab_subscription", ""), 200, "")
		s.Fine("Flush", s.Store.Flush(s.Context()))
		s.Same("last use", slices.Contains(s.List("access-tokens", "name", "last_used_at"), "portal 2026-03-10T12:34:56.789012Z"), true)
	}},
	{Name: "portal: sudo parameter and header", Check: func(s Subject) {
		t := s.portalServer()
		const get, put = "GET /namespaces/10/gitlab_subscription", "PUT /namespaces/13/gitlab_subscription"
		const sudo = "PRIVATE-TOKEN: t-sudo"
		for _, row := range []struct {
			request string
			headers []string
			status  int
			want    string
		}{
			{get + "?sudo=own", []string{"X: y"}, 401, unauthorized},
			{get + "?sudo=own", []string{"PRIVATE-TOKEN: t-own-api"}, 403, `{"message":"403 Forbidden - Must be admin to use sudo"}`},
			{get + "?sudo=own", []string{"PRIVATE-TOKEN: t-root"}, 403, `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"sudo"}`},
			{get + "?sudo=nobody", []string{sudo}, 404, `{"message":"404 User with ID or username 'nobody' Not Found"}`},
			{get + "?sudo=404", []string{sudo}, 404, `{"message":"404 User with ID or username '404' Not Found"}`},
			{get + "?sudo=own", []string{sudo}, 200, ""},
			{get + "?sudo=OWN", []string{sudo}, 200, ""},
			{get, []string{sudo, "Sudo: 2"}, 200, ""},
			{get + "?sudo=gus", []string{sudo}, 403, mayNot},
			{get, []string{sudo, "Sudo: sam"}, 404, missingNamespace},
			{get + "?sudo=gone", []string{sudo}, 403, `{"message":"403 Forbidden - Your account has been blocked."}`},
			{put + "?sudo=own", []string{sudo}, 403, mayNot},
			{get + "?sudo=nobody", []string{sudo, "Sudo: own"}, 200, ""},
			{get + "?sudo=own", []string{sudo, "Sudo: gus"}, 403, mayNot},
			{put + "?sudo=own", []string{"PRIVATE-TOKEN: t-own-api"}, 403, `{"message":"403 Forbidden - Must be admin to use sudo"}`},
			{put + "?sudo=boss", []string{sudo}, 404, `{"message":"404 GitlabSubscription Not Found"}`},
		} {
			t.wantReply(fmt.Sprint(row.request, row.headers), t.send(row.request, "", row.headers...), row.status, row.want)
		}
		t.wantReply("in a form", t.send(put, "sudo=own", sudo), 403, mayNot)
		t.wantReply("in JSON", t.send(get, `{"sudo":"gus"}`, sudo), 403, mayNot)
		t.wantReply("query before body", t.send(get+"?sudo=own", "sudo=gus", sudo), 200, "")
		t.wantReply("a malformed body", t.send(get, `{"sudo":"gus"`, sudo), 400, `{"error":"message body does not match declared format"}`)
	}},
	{Name: "portal errors: order of 403 gate, 401, 403, 400, 404", Check: func(s Subject) {
		t := s.portalServer()
		const bad = "POST /namespaces/404/gitlab_subscription"
		t.wantReply("401 first", t.send(bad, "{", "X: y"), 401, unauthorized)
		t.wantReply("then 403", t.send(bad, "{", "PRIVATE-TOKEN: t-own-api"), 403, mayNot)
		t.wantReply("then 400", t.send(bad, "seats=x"), 400, `{"error":"start_date is missing, seats is invalid"}`)
		t.wantReply("then 404", t.send(bad, "start_date=2026-01-01"), 404, missingNamespace)
		closed := s.portalServer(func(c *config.Config) { c.CheckNamespacePlan = false })
		for _, request := range []string{"PUT /internal/upcoming_reconciliations", "DELETE /internal/upcoming_reconciliations", "PUT /internal/gitlab_subscriptions/namespaces/10/upcoming_reconciliations"} {
			for _, header := range []string{"X: y", "PRIVATE-TOKEN: t-own", "PRIVATE-TOKEN: t-root"} {
				closed.wantReply("403 gate "+header, closed.send(request, "{", header), 403, `{"message":"403 Forbidden - This API is gitlab.com only!"}`)
			}
		}
		closed.wantReply("no gate", closed.send("GET /namespaces/10/gitlab_subscription", ""), 200, "")
	}},
	{Name: "portal parameters: query, form, JSON, multipart", Check: func(s Subject) {
		t := s.portalServer()
		const post = "POST /namespaces/%d/gitlab_subscription"
		t.wantAll(
			portalCall{"POST /namespaces/10/gitlab_subscription?start_date=2020-07-15&plan=premium&seats=10", "", 201, `{"plan":{"code":"premium"},"usage":{"seats_in_subscription":10}}`},
			portalCall{fmt.Sprintf(post, 12), "start_date=2020-07-15&plan_code=gold&seats=7", 201, `{"plan":{"code":"gold"},"usage":{"seats_in_subscription":7}}`},
			portalCall{fmt.Sprintf(post, 13) + "?seats=1&start_date=2019-01-01", `{"start_date":"2020-07-15","unknown":{"a":[1]}}`, 201, `{"usage":{"seats_in_subscription":1},"billing":{"subscription_start_date":"2020-07-15"}}`},
			portalCall{fmt.Sprintf(post, 14), `{"start_date":`, 400, ""},
			portalCall{fmt.Sprintf(post, 14), `[1]`, 400, ""},
		)
		t.wantReply("malformed", t.send(fmt.Sprintf(post, 14), "{"), 400, `{"error":"message body does not match declared format"}`)
		t.wantReply("XML", t.send(fmt.Sprintf(post, 14), "<a/>", "PRIVATE-TOKEN: t-root", "Content-Type: text/xml"), 415, `{"error":"content type \"text/xml\" is not supported"}`)
		multipart := "--b\r\nContent-Disposition: form-data; name=\"start_date\"\r\n\r\n2020-07-15\r\n--b--\r\n"
		t.wantReply("multipart", t.send(fmt.Sprintf(post, 14), multipart, "PRIVATE-TOKEN: t-root", "Content-Type: multipart/form-data; boundary=b"), 201, "")
		t.wantReply("too large", t.send(fmt.Sprintf(post, 14), "x="+strings.Repeat("x", 1<<20)), 413, "")
	}},
	{Name: "portal parameters: integers, booleans, texts", Check: func(s Subject) {
		t := s.portalServer()
		const put = "PUT /namespaces/10/gitlab_subscription"
		t.wantReply("a subscription", t.send("POST /namespaces/10/gitlab_subscription", "start_date=2026-01-01"), 201, "")
		for value, want := range map[string]string{
			`10`: "10", `"10"`: "10", `" 10"`: "10", `"010"`: "10", `10.5`: "10", `0`: "0", `2147483647`: "2147483647",
			`"10.5"`: "", `"1e3"`: "", `"0x10"`: "", `"abc"`: "", `true`: "", `[1]`: "", `{}`: "", `2147483648`: "", `9223372036854775808`: "", `"99999999999999999999"`: "",
		} {
			status, answer := 200, `{"usage":{"seats_in_subscription":`+want+`}}`
			if want == "" {
				status, answer = 400, `{"error":"seats is invalid"}`
			}
			t.wantReply("seats "+value, t.send(put, `{"seats":`+value+`}`), status, answer)
		}
		for _, value := range []string{`""`, `null`, `" "`} {
			t.wantReply("seats "+value, t.send(put, `{"seats":`+value+`}`), 400, `{"message":{"seats":["can't be blank"]}}`)
			t.wantReply("max "+value, t.send(put, `{"max_seats_used":`+value+`}`), 200, `{"usage":{"max_seats_used":0}}`)
			t.wantReply("auto_renew "+value, t.send(put, `{"auto_renew":`+value+`}`), 200, `{"plan":{"auto_renew":null}}`)
			t.wantReply("trial "+value, t.send(put, `{"trial":`+value+`}`), 200, `{"plan":{"trial":false}}`)
			t.wantReply("end "+value, t.send(put, `{"end_date":`+value+`}`), 200, `{"billing":{"subscription_end_date":null}}`)
		}
		for value, want := range map[string]string{
			`true`: "true", `1`: "true", `"true"`: "true", `"T"`: "true", `"yes"`: "true", `"Y"`: "true", `"ON"`: "true", `"1"`: "true",
			`false`: "false", `0`: "false", `"false"`: "false", `"f"`: "false", `"No"`: "false", `"n"`: "false", `"off"`: "false", `"0"`: "false",
			`"maybe"`: "", `2`: "", `[]`: "", `{}`: "",
		} {
			status, answer := 200, `{"plan":{"auto_renew":`+want+`}}`
			if want == "" {
				status, answer = 400, `{"error":"auto_renew is invalid"}`
			}
			t.wantReply("auto_renew "+value, t.send(put, `{"auto_renew":`+value+`}`), status, answer)
		}
		t.wantReply("text", t.send(put, `{"plan_code":["premium"]}`), 400, `{"error":"plan_code is invalid"}`)
		t.wantReply("text", t.send(put, `{"plan_code":{"a":1}}`), 400, `{"error":"plan_code is invalid"}`)
		t.wantReply("a number as text", t.send(put, `{"plan_code":7}`), 200, `{"plan":{"code":null,"name":null}}`)
	}},
	{Name: "portal parameters: dates", Check: func(s Subject) {
		t := s.portalServer()
		t.wantReply("a subscription", t.send("POST /namespaces/10/gitlab_subscription", "start_date=2026-01-01"), 201, "")
		for text, want := range map[string]string{
			`"2020-07-15"`: "2020-07-15", `"2020-7-5"`: "2020-07-05", `"20200715"`: "2020-07-15", `"2020/07/15"`: "2020-07-15",
			`"13 Jun 2021"`: "2021-06-13", `"13-Jun-2021"`: "2021-06-13", `"Jun 13 2021"`: "2021-06-13", `"Jun 15, 2020"`: "2020-06-15", `"13 June 2021"`: "2021-06-13",
			`"15-07-2020"`: "2020-07-15", `"15.07.2020"`: "2020-07-15", `"31/12/2018"`: "2018-12-31", `"01/01/2018"`: "2018-01-01", `"1/2/2018"`: "2018-02-01",
			`"2020-07-15T10:00:00Z"`: "2020-07-15", `"2020-07-15 10:00:00 UTC"`: "2020-07-15", `"Sun, 13 Jun 2021 00:00:00 GMT"`: "2021-06-13",
			`"2020-07-15T23:30:00-08:00"`: "2020-07-15", `" 2020-07-15 "`: "2020-07-15", `"\"2020-07-15\""`: "2020-07-15",
			`"12/31/2018"`: "", `"2020-02-30"`: "", `"2020-13-01"`: "", `"invalid"`: "", `"today"`: "", `"0"`: "", `"1594771200"`: "",
			`1594771200`: "", `20200715`: "", `true`: "", `["2020-07-15"]`: "", `"Wed"`: "", `"13"`: "", `"13 juin 2021"`: "",
		} {
			status, answer := 200, `{"billing":{"subscription_start_date":"`+want+`"}}`
			if want == "" {
				status, answer = 400, `{"error":"start_date is invalid"}`
			}
			t.wantReply(text, t.send("PUT /namespaces/10/gitlab_subscription", `{"start_date":`+text+`}`), status, answer)
		}
	}},
	{Name: "portal: namespace by number or path", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{"GET /namespaces/10/gitlab_subscription", "", 200, ""},
			portalCall{"GET /namespaces/acme/gitlab_subscription", "", 200, ""},
			portalCall{"GET /namespaces/ACME/gitlab_subscription", "", 200, ""},
			portalCall{"GET /namespaces/acme%2Fsub/gitlab_subscription", "", 200, ""},
			portalCall{"GET /namespaces/ACME%2fSub/gitlab_subscription", "", 200, ""},
			portalCall{"GET /namespaces/test.group.2/gitlab_subscription", "", 200, ""},
			portalCall{"GET /namespaces/202/gitlab_subscription", "", 200, ""},
			portalCall{"GET /namespaces/Own/gitlab_subscription", "", 200, ""},
			portalCall{"GET /namespaces/acme/sub/gitlab_subscription", "", 404, noRoute},
			portalCall{"GET /namespaces/acme%2Fcli/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"GET /namespaces/500/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"GET /namespaces/2/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"GET /namespaces/0/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"GET /namespaces/-10/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"GET /namespaces/99999999999999999999/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"GET /namespaces/%00/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"GET /namespaces/%ff/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"GET /namespaces/none/gitlab_subscription", "", 404, missingNamespace},
			portalCall{"DELETE /namespaces/10/gitlab_subscription", "", 404, noRoute},
			portalCall{"GET /namespaces/10/minutes", "", 404, noRoute},
			portalCall{"GET /namespaces/10/members", "", 404, noRoute}, // what is no route of the portal is the management API's
			portalCall{"GET /internal/upcoming_reconciliations", "", 404, noRoute},
			portalCall{"GET /internal/gitlab_subscriptions/namespaces/10/owners", "", 404, noRoute},
		)
	}},
}
