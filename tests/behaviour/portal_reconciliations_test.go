package behaviour_test

import "fmt"

const (
	putReconciliations   = "PUT /internal/upcoming_reconciliations"
	deleteReconciliation = "DELETE /internal/upcoming_reconciliations"
)

// upcoming is a request for one reconciliation.
func upcoming(namespace, next, from string) string {
	return fmt.Sprintf(`{"upcoming_reconciliations":[{"namespace_id":%s,"next_reconciliation_date":%s,"display_alert_from":%s}]}`, namespace, next, from)
}

// reconciliationCases are about upcoming reconciliations.
var reconciliationCases = []Case{
	{Name: "reconciliations: one malformed element refuses all", Check: func(s Subject) {
		t := s.portalServer()
		const good = `{"namespace_id":10,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-06-01"}`
		and := func(bad string) string { return `{"upcoming_reconciliations":[` + good + `,` + bad + `]}` }
		t.wantAll(
			portalCall{putReconciliations, "", 400, `{"error":"upcoming_reconciliations is missing, upcoming_reconciliations[namespace_id] is missing, upcoming_reconciliations[namespace_id] is empty, upcoming_reconciliations[next_reconciliation_date] is missing, upcoming_reconciliations[display_alert_from] is missing"}`},
			portalCall{putReconciliations, and(`{"namespace_id":null,"next_reconciliation_date":null,"display_alert_from":null}`), 400, `{"error":"upcoming_reconciliations[namespace_id] is empty"}`},
			portalCall{putReconciliations, and(`{"namespace_id":"","next_reconciliation_date":null,"display_alert_from":null}`), 400, `{"error":"upcoming_reconciliations[namespace_id] is empty"}`},
			portalCall{putReconciliations, and(`{"next_reconciliation_date":null,"display_alert_from":null}`), 400, `{"error":"upcoming_reconciliations[namespace_id] is missing, upcoming_reconciliations[namespace_id] is empty"}`},
			portalCall{putReconciliations, and(`{"namespace_id":"x","next_reconciliation_date":null,"display_alert_from":null}`), 400, `{"error":"upcoming_reconciliations[namespace_id] is invalid"}`},
			portalCall{putReconciliations, and(`{"namespace_id":13,"next_reconciliation_date":"12/31/2026"}`), 400, `{"error":"upcoming_reconciliations[next_reconciliation_date] is invalid, upcoming_reconciliations[display_alert_from] is missing"}`},
			portalCall{putReconciliations, and(`7`), 400, `{"error":"upcoming_reconciliations is invalid"}`},
			portalCall{putReconciliations, `{"upcoming_reconciliations":` + good + `}`, 400, `{"error":"upcoming_reconciliations is invalid"}`},
			portalCall{putReconciliations, `{"upcoming_reconciliations":null}`, 400, `{"error":"upcoming_reconciliations is invalid"}`},
			portalCall{putReconciliations, `{"upcoming_reconciliations":"x"}`, 400, `{"error":"upcoming_reconciliations is invalid"}`},
			portalCall{putReconciliations, "upcoming_reconciliations=7", 400, `{"error":"upcoming_reconciliations is invalid"}`},
		)
		s.Same("no reconciliation stored", s.List("reconciliations"), []string{})
	}},
	{Name: "reconciliations: valid elements stored beside invalid ones", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{putReconciliations, `{"upcoming_reconciliations":[]}`, 200, `200`},
			portalCall{putReconciliations, upcoming("999", `"2026-06-01"`, `"2026-05-01"`), 400, `{"message":{"error":"[{\"999\":[\"Namespace can't be blank\"]}]"}}`},
			portalCall{putReconciliations, upcoming("500", `"2026-06-01"`, `"2026-05-01"`), 400, `{"message":{"error":"[{\"500\":[\"Namespace can't be blank\"]}]"}}`},
			portalCall{putReconciliations, upcoming("10", `null`, `""`), 400, `{"message":{"error":"[{\"10\":[\"Next reconciliation date can't be blank\",\"Display alert from can't be blank\"]}]"}}`},
		)
		s.Same("no reconciliation stored", s.List("reconciliations"), []string{})
		t.wantAll(portalCall{putReconciliations, `{"upcoming_reconciliations":[
			{"namespace_id":0,"next_reconciliation_date":null,"display_alert_from":"2026-05-01"},
			{"namespace_id":"10","next_reconciliation_date":"13 Jun 2026","display_alert_from":"06 Jun 2026"},
			{"namespace_id":-1,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-05-01"},
			{"namespace_id":11,"next_reconciliation_date":"2026-01-01","display_alert_from":"2026-02-01"},
			{"namespace_id":202,"next_reconciliation_date":"2020-01-01","display_alert_from":"2020-01-01"}]}`, 400,
			`{"message":{"error":"[{\"0\":[\"Namespace can't be blank\",\"Next reconciliation date can't be blank\"]},{\"-1\":[\"Namespace can't be blank\"]}]"}}`})
		s.Same("the other ones stored", s.List("reconciliations", "namespace_id", "next_reconciliation_date", "display_alert_from"), []string{
			"10 2026-06-13 2026-06-06", "11 2026-01-01 2026-02-01", "202 2020-01-01 2020-01-01",
		})
	}},
	{Name: "reconciliations: one for each namespace, in every encoding", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		const fields = "upcoming_reconciliations[][namespace_id]=%d&upcoming_reconciliations[][next_reconciliation_date]=%s&upcoming_reconciliations[][display_alert_from]=2026-05-01"
		text := `"[{\"namespace_id\":13,\"next_reconciliation_date\":\"2026-06-03\",\"display_alert_from\":\"2026-05-01\"}]"`
		one := `"{\"namespace_id\":14,\"next_reconciliation_date\":\"2026-06-04\",\"display_alert_from\":\"2026-05-01\"}"`
		t.wantAll(
			portalCall{putReconciliations, upcoming("10", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
			portalCall{putReconciliations, fmt.Sprintf(fields, 11, "2026-06-01") + "&" + fmt.Sprintf(fields, 12, "2026-06-02"), 200, `200`},
			portalCall{putReconciliations, `{"upcoming_reconciliations":` + text + `}`, 200, `200`},
			portalCall{putReconciliations, `{"upcoming_reconciliations":` + one + `}`, 200, `200`},
		)
		t.now = t.now.AddDate(0, 0, 1)
		t.wantAll(
			portalCall{putReconciliations, upcoming("10", `"2026-07-01"`, `"2026-06-01"`), 200, `200`},
			portalCall{putReconciliations, upcoming("11", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
		)
		want := []string{
			"10 2026-07-01 2026-06-01 2026-03-11T12:34:56.789012Z", "11 2026-06-01 2026-05-01 2026-03-11T12:34:56.789012Z",
			"12 2026-06-02 2026-05-01 2026-03-10T12:34:56.789012Z", "13 2026-06-03 2026-05-01 2026-03-10T12:34:56.789012Z", "14 2026-06-04 2026-05-01 2026-03-10T12:34:56.789012Z",
		}
		s.Same("reconciliations", s.List("reconciliations"), want)
		t.wantAll(portalCall{putReconciliations, `{"upcoming_reconciliations":[
			{"namespace_id":202,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-05-01"},
			{"namespace_id":10,"next_reconciliation_date":"2026-06-01","display_alert_from":"2026-05-01"},
			{"namespace_id":10,"next_reconciliation_date":"2026-08-01","display_alert_from":"2026-05-01"}]}`, 400,
			`{"message":{"error":"[{\"bulk_upsert\":\"a namespace is there twice\"}]"}}`})
		s.Same("one namespace twice", s.List("reconciliations"), want)
	}},
	{Name: "reconciliations: DELETE", OnDatabases: true, Check: func(s Subject) {
		t := s.portalServer()
		t.wantAll(
			portalCall{putReconciliations, upcoming("10", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
			portalCall{putReconciliations, upcoming("13", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
			portalCall{deleteReconciliation, "", 400, `{"error":"namespace_id is missing, namespace_id is empty"}`},
			portalCall{deleteReconciliation + "?namespace_id=", "", 400, `{"error":"namespace_id is empty"}`},
			portalCall{deleteReconciliation, `{"namespace_id":null}`, 400, `{"error":"namespace_id is empty"}`},
			portalCall{deleteReconciliation + "?namespace_id=abc", "", 400, `{"error":"namespace_id is invalid"}`},
			portalCall{deleteReconciliation + "?namespace_id=404", "", 404, `{"message":"404 Not Found"}`},
			portalCall{deleteReconciliation + "?namespace_id=12", "", 404, `{"message":"404 Not Found"}`},
		)
		s.Same("both stay", s.List("reconciliations", "namespace_id"), []string{"10", "13"})
		gone := t.send(deleteReconciliation+"?namespace_id=10", "")
		s.Same("removed", []any{gone.status, gone.body}, []any{204, ""})
		t.wantAll(
			portalCall{deleteReconciliation + "?namespace_id=10", "", 404, `{"message":"404 Not Found"}`},
			portalCall{deleteReconciliation, `{"namespace_id":"13"}`, 204, ""},
		)
		s.Same("none is left", s.List("reconciliations"), []string{})
	}},
	{Name: "newer route prefix: same answers", Check: func(s Subject) {
		t := s.portalServer()
		const at = "/internal/gitlab_subscriptions/namespaces/acme/"
		t.wantAll(
			portalCall{"POST " + at + "gitlab_subscription", "start_date=2026-01-01&plan=premium", 201, `{"plan":{"code":"premium"}}`},
			portalCall{"PUT " + at + "gitlab_subscription", "seats=4", 200, `{"usage":{"seats_in_subscription":4}}`},
			portalCall{"GET " + at + "gitlab_subscription", "", 200, `{"usage":{"seats_in_subscription":4}}`},
			portalCall{"PUT " + at + "upcoming_reconciliations", "", 400, `{"error":"next_reconciliation_date is missing, display_alert_from is missing"}`},
			portalCall{"PUT " + at + "upcoming_reconciliations", "next_reconciliation_date=13 Jun 2026&display_alert_from=", 400, `{"message":{"error":"[{\"10\":[\"Display alert from can't be blank\"]}]"}}`},
			portalCall{"PUT " + at + "upcoming_reconciliations", "next_reconciliation_date=13 Jun 2026&display_alert_from=06 Jun 2026", 200, `200`},
			portalCall{"PUT " + at + "upcoming_reconciliations", upcoming("13", `"2026-06-01"`, `"2026-05-01"`), 200, `200`},
			portalCall{"PUT /internal/gitlab_subscriptions/namespaces/404/upcoming_reconciliations", "next_reconciliation_date=2026-01-01&display_alert_from=2026-01-01", 404, missingNamespace},
		)
		s.Same("reconciliations", s.List("reconciliations", "namespace_id", "next_reconciliation_date", "display_alert_from"), []string{"10 2026-06-13 2026-06-06", "13 2026-06-01 2026-05-01"})
		t.wantAll(
			portalCall{"DELETE " + at + "upcoming_reconciliations", "", 204, ""},
			portalCall{"DELETE " + at + "upcoming_reconciliations", "", 404, `{"message":"404 Not Found"}`},
			portalCall{"DELETE /internal/gitlab_subscriptions/namespaces/404/upcoming_reconciliations", "", 404, missingNamespace},
		)
	}},
}
