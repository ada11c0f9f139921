package behaviour_test

import "fmt"

const (
	scheduleAll = "PUT /internal/upcoming_reconciliations"
	unschedule  = "DELETE /internal/upcoming_reconciliations"
)

// upcoming is a request for one reconciliation.
func upcoming(namespace, next, from string) string {
	return fmt.Sprintf(`{"upcoming_reconciliations":[{"namespace_id":%s,"next_reconciliation_date":%s,"display_alert_from":%s}]}`, namespace, next, from)
}

// reconciliationCases are the rows of billing.md 8 and 9.
var reconciliationCases = []Case{
	{Name: "billing.md 8.1: one bad element rejects all", Check: func(s Subject) {
		t := s.portalServer()
		const good = `{"namespace_id":10,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-06-01"}`
		and := func(bad string) string { return `{"upcoming_reconciliations":[` + good + `,` + bad + `]}` }
		t.all(
			deal{scheduleAll, "", 400, `{"error":"upcoming_reconciliations is missing, upcoming_reconciliations[namespace_id] is missing, upcoming_reconciliations[namespace_id] is empty, upcoming_reconciliations[next_reconciliation_date] is missing, upcoming_reconciliations[display_alert_from] is missing"}`},
			deal{scheduleAll, and(`{"namespace_id":null,"next_reconciliation_date":null,"display_alert_from":null}`), 400, `{"error":"upcoming_reconciliations[namespace_id] is empty"}`},
			deal{scheduleAll, and(`{"namespace_id":"","next_reconciliation_date":null,"display_alert_from":null}`), 400, `{"error":"upcoming_reconciliations[namespace_id] is empty"}`},
			deal{scheduleAll, and(`{"next_reconciliation_date":null,"display_alert_from":null}`), 400, `{"error":"upcoming_reconciliations[namespace_id] is missing, upcoming_reconciliations[namespace_id] is empty"}`},
			deal{scheduleAll, and(`{"namespace_id":"x","next_reconciliation_date":null,"display_alert_from":null}`), 400, `{"error":"upcoming_reconciliations[namespace_id] is invalid"}`},
			deal{scheduleAll, and(`{"namespace_id":13,"next_reconciliation_date":"12/31/2026"}`), 400, `{"error":"upcoming_reconciliations[next_reconciliation_date] is invalid, upcoming_reconciliations[display_alert_from] is missing"}`},
			deal{scheduleAll, and(`7`), 400, `{"error":"upcoming_reconciliations is invalid"}`},
			deal{scheduleAll, `{"upcoming_reconciliations":` + good + `}`, 400, `{"error":"upcoming_reconciliations is invalid"}`},
			deal{scheduleAll, `{"upcoming_reconciliations":null}`, 400, `{"error":"upcoming_reconciliations is invalid"}`},
			deal{scheduleAll, `{"upcoming_reconciliations":"x"}`, 400, `{"error":"upcoming_reconciliations is invalid"}`},
			deal{scheduleAll, "upcoming_reconciliations=7", 400, `{"error":"upcoming_reconciliations is invalid"}`},
		)
		s.Same("nothing is announced", s.List("reconciliations"), []string{})
	}},
	{Name: "billing.md 8.1: well-formed elements are kept beside bad ones", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.all(
			deal{scheduleAll, `{"upcoming_reconciliations":[]}`, 200, `200`},
			deal{scheduleAll, upcoming("999", `"2026-06-01"`, `"2026-05-01"`), 400, `{"message":{"error":"[{\"999\":[\"Namespace can't be blank\"]}]"}}`},
			deal{scheduleAll, upcoming("500", `"2026-06-01"`, `"2026-05-01"`), 400, `{"message":{"error":"[{\"500\":[\"Namespace can't be blank\"]}]"}}`},
			deal{scheduleAll, upcoming("10", `null`, `""`), 400, `{"message":{"error":"[{\"10\":[\"Next reconciliation date can't be blank\",\"Display alert from can't be blank\"]}]"}}`},
		)
		s.Same("nothing is announced", s.List("reconciliations"), []string{})
		t.all(deal{scheduleAll, `{"upcoming_reconciliations":[
			{"namespace_id":0,"next_reconciliation_date":null,"display_alert_from":"2026-05-01"},
			{"namespace_id":"10","next_reconciliation_date":"13 Jun 2026","display_alert_from":"06 Jun 2026"},
			{"namespace_id":-1,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-05-01"},
			{"namespace_id":11,"next_reconciliation_date":"2026-01-01","display_alert_from":"2026-02-01"},
			{"namespace_id":202,"next_reconciliation_date":"2020-01-01","display_alert_from":"2020-01-01"}]}`, 400,
			`{"message":{"error":"[{\"0\":[\"Namespace can't be blank\",\"Next reconciliation date can't be blank\"]},{\"-1\":[\"Namespace can't be blank\"]}]"}}`})
		s.Same("the others are", s.List("reconciliations", "namespace_id", "next_reconciliation_date", "display_alert_from"), []string{
			"10 2026-06-13 2026-06-06", "11 2026-01-01 2026-02-01", "202 2020-01-01 2020-01-01",
		})
	}},
	{Name: "billing.md 8.1: one for each namespace, in any encoding", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		const fields = "upcoming_reconciliations[][namespace_id]=%d&upcoming_reconciliations[][next_reconciliation_date]=%s&upcoming_reconciliations[][display_alert_from]=2026-05-01"
		text := `"[{\"namespace_id\":13,\"next_reconciliation_date\":\"2026-06-03\",\"display_alert_from\":\"2026-05-01\"}]"`
		one := `"{\"namespace_id\":14,\"next_reconciliation_date\":\"2026-06-04\",\"display_alert_from\":\"2026-05-01\"}"`
		t.all(
			deal{scheduleAll, upcoming("10", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
			deal{scheduleAll, fmt.Sprintf(fields, 11, "2026-06-01") + "&" + fmt.Sprintf(fields, 12, "2026-06-02"), 200, `200`},
			deal{scheduleAll, `{"upcoming_reconciliations":` + text + `}`, 200, `200`},
			deal{scheduleAll, `{"upcoming_reconciliations":` + one + `}`, 200, `200`},
		)
		t.now = t.now.AddDate(0, 0, 1)
		t.all(
			deal{scheduleAll, upcoming("10", `"2026-07-01"`, `"2026-06-01"`), 200, `200`},
			deal{scheduleAll, upcoming("11", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
		)
		want := []string{
			"10 2026-07-01 2026-06-01 2026-03-11T12:34:56.789012Z", "11 2026-06-01 2026-05-01 2026-03-11T12:34:56.789012Z",
			"12 2026-06-02 2026-05-01 2026-03-10T12:34:56.789012Z", "13 2026-06-03 2026-05-01 2026-03-10T12:34:56.789012Z", "14 2026-06-04 2026-05-01 2026-03-10T12:34:56.789012Z",
		}
		s.Same("announced", s.List("reconciliations"), want)
		t.all(deal{scheduleAll, `{"upcoming_reconciliations":[
			{"namespace_id":202,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-05-01"},
			{"namespace_id":10,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-05-01"},
			{"namespace_id":10,"next_reconciliation_date":"2026-08-01","display_alert_from":"2026-05-01"}]}`, 400,
			`{"message":{"error":"[{\"bulk_upsert\":\"a namespace is there twice\"}]"}}`})
		s.Same("the same one twice", s.List("reconciliations"), want)
	}},
	{Name: "billing.md 8.2: DELETE", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.all(
			deal{scheduleAll, upcoming("10", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
			deal{scheduleAll, upcoming("13", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
			deal{unschedule, "", 400, `{"error":"namespace_id is missing, namespace_id is empty"}`},
			deal{unschedule + "?namespace_id=", "", 400, `{"error":"namespace_id is empty"}`},
			deal{unschedule, `{"namespace_id":null}`, 400, `{"error":"namespace_id is empty"}`},
			deal{unschedule + "?namespace_id=abc", "", 400, `{"error":"namespace_id is invalid"}`},
			deal{unschedule + "?namespace_id=404", "", 404, `{"message":"404 Not Found"}`},
			deal{unschedule + "?namespace_id=12", "", 404, `{"message":"404 Not Found"}`},
		)
		s.Same("both stay", s.List("reconciliations", "namespace_id"), []string{"10", "13"})
		gone := t.send(unschedule+"?namespace_id=10", "")
		s.Same("gone", []any{gone.status, gone.body}, []any{204, ""})
		t.all(
			deal{unschedule + "?namespace_id=10", "", 404, `{"message":"404 Not Found"}`},
			deal{unschedule, `{"namespace_id":"13"}`, 204, ""},
		)
		s.Same("none is left", s.List("reconciliations"), []string{})
	}},
	{Name: "billing.md 9: the newer prefix", Check: func(s Subject) {
		t := s.portalServer()
		const at = "/internal/gitlab_subscriptions/namespaces/acme/"
		t.all(
			deal{"POST " + at + "gitlab_subscription", "start_date=2026-01-01&plan=premium", 201, `{"plan":{"code":"premium"}}`},
			deal{"PUT " + at + "gitlab_subscription", "seats=4", 200, `{"usage":{"seats_in_subscription":4}}`},
			deal{"GET " + at + "gitlab_subscription", "", 200, `{"usage":{"seats_in_subscription":4}}`},
			deal{"PUT " + at + "upcoming_reconciliations", "", 400, `{"error":"next_reconciliation_date is missing, display_alert_from is missing"}`},
			deal{"PUT " + at + "upcoming_reconciliations", "next_reconciliation_date=13 Jun 2026&display_alert_from=", 400, `{"message":{"error":"[{\"10\":[\"Display alert from can't be blank\"]}]"}}`},
			deal{"PUT " + at + "upcoming_reconciliations", "next_reconciliation_date=13 Jun 2026&display_alert_from=06 Jun 2026", 200, `200`},
			deal{"PUT " + at + "upcoming_reconciliations", upcoming("13", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
			deal{"PUT /internal/gitlab_subscriptions/namespaces/404/upcoming_reconciliations", "next_reconciliation_date=2026-01-01&display_alert_from=2026-01-01", 404, missingNamespace},
		)
		s.Same("announced", s.List("reconciliations", "namespace_id", "next_reconciliation_date", "display_alert_from"), []string{"10 2026-06-13 2026-06-06", "13 2026-06-01 2026-05-01"})
		t.all(
			deal{"DELETE " + at + "upcoming_reconciliations", "", 204, ""},
			deal{"DELETE " + at + "upcoming_reconciliations", "", 404, `{"message":"404 Not Found"}`},
			deal{"DELETE /internal/gitlab_subscriptions/namespaces/404/upcoming_reconciliations", "", 404, missingNamespace},
		)
	}},
}
