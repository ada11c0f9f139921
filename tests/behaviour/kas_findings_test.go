package behaviour_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"gatehouse/domain/security"
	"gatehouse/tests/subject"
)

const (
	starboard  = "PUT /kubernetes/modules/starboard_vulnerability"
	scanResult = "POST /kubernetes/modules/starboard_vulnerability/scan_result"
)

// exampleFinding is the example of the API documentation, agentFinding is a
// report as agents send it. Their UUIDs are those for agent 5 of project 7.
const (
	exampleFinding = `{"vulnerability":{"name":"CVE-123-4567 in libc","severity":"high","confidence":"unknown",
		"location":{"kubernetes_resource":{"namespace":"production","kind":"deployment","name":"nginx","container":"nginx"}},
		"identifiers":[{"type":"cve","name":"CVE-123-4567","value":"CVE-123-4567"}]},
		"scanner":{"id":"starboard_trivy","name":"Trivy (via Starboard Operator)","vendor":"GitLab"}}`
	exampleUUID  = "58bd4058-4ef1-54f9-af47-849177789f78"
	agentFinding = `{"vulnerability":{"name":"CVE-2020-27350","message":"m","description":"d","solution":"s","severity":"High","confidence":"Unknown","category":"x","id":7,
		"location":{"image":"","operating_system":"debian","dependency":{"package":{"name":"apt"},"version":"1.8"},
			"kubernetes_resource":{"namespace":"default","kind":"Deployment","name":"nginx-deployment","container_name":"","agent_id":"46357"}},
		"identifiers":[{"type":"cve","name":"CVE-2020-27350","value":"CVE-2020-27350","url":"https://avd.aquasec.com/nvd/cve-2020-27350"}],
		"links":[{"url":"https://avd.aquasec.com/nvd/cve-2020-27350"}]},
		"scanner":{"id":"starboard_trivy","name":"Trivy (via Starboard Operator)","vendor":{"name":"GitLab"},"version":"0.14"}}`
	agentUUID = "78e66f3e-74ef-5988-8140-df12d33b73c9"
)

// with returns a body with the member at a path set to a value, or without the
// member if the value is empty.
func with(body, path, value string) string {
	var tree map[string]any
	if err := json.Unmarshal([]byte(body), &tree); err != nil {
		panic(err)
	}
	steps := strings.Split(path, ".")
	at := tree
	for _, step := range steps[:len(steps)-1] {
		if list, ok := at[step].([]any); ok {
			at = list[0].(map[string]any)
		} else {
			at = at[step].(map[string]any)
		}
	}
	delete(at, steps[len(steps)-1])
	if value != "" {
		at[steps[len(steps)-1]] = json.RawMessage(value)
	}
	out, err := json.Marshal(tree)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func uuidOf(got reply) string {
	var body struct{ UUID string }
	_ = json.Unmarshal([]byte(got.body), &body) // a refusal has none
	return body.UUID
}

func quoted(n int) string { return `"` + strings.Repeat("ö", n) + `"` }

// kasFindingCases are about reports of findings.
var kasFindingCases = []Case{
	{Name: "reported finding: stored once with its fields", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		for range 2 { // the second time: same answer, nothing stored
			t.wantAll([]exchange{
				{"the documented example", call{route: starboard, token: "agent-5", body: exampleFinding}, 200, `{"uuid":"` + exampleUUID + `"}`},
				{"as agents send it", call{route: starboard + "/", token: "agent-5", body: agentFinding, chunked: true}, 200, `{"uuid":"` + agentUUID + `"}`},
			})
		}
		changed := with(with(exampleFinding, "vulnerability.severity", `"low"`), "vulnerability.name", `"other"`)
		t.wantAll([]exchange{{"changed", call{route: starboard, token: "agent-5", body: changed}, 200, `{"uuid":"` + exampleUUID + `"}`}})
		s.Same("findings", s.List("findings"), []string{
			exampleUUID + ` 7 5 dev detected high unknown CVE-123-4567 in libc cluster_image_scanning false starboard_trivy [CVE-123-4567] {"kubernetes_resource":{"container":"nginx","kind":"deployment","name":"nginx","namespace":"production"}}`,
			agentUUID + ` 7 5 dev detected high unknown CVE-2020-27350 cluster_image_scanning false starboard_trivy [CVE-2020-27350] {"dependency":{"package":{"name":"apt"},"version":"1.8"},"image":"","kubernetes_resource":{"agent_id":"46357","container_name":"","kind":"Deployment","name":"nginx-deployment","namespace":"default"},"operating_system":"debian"}`,
		})
		s.Same("agents", s.List("agents", "id", "has_vulnerabilities")[:2], []string{"5 true", "6 false"})
	}},
	{Name: "finding and scan reports: permission by the creator of the agent", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		for _, route := range []string{starboard, scanResult} {
			for _, c := range []struct {
				what, token string
				status      int
			}{
				{"creator is a developer", "agent-5", 200},
				{"creator is a maintainer by the group", "agent-6", 200},
				{"creator is a developer by a share", "by-lent", 200},
				{"creator is an administrator", "by-root", 200},
				{"creator is a reporter", "by-rep", 403},
				{"creator is a blocked owner", "by-gone", 403},
				{"creator is an owner whose membership has ended", "by-late", 403},
				{"no creator", "by-nobody", 403},
				{"in a project pending deletion", "in-condemned", 404},
				{"in a group pending deletion", "in-doomed", 404},
			} {
				body, want := exampleFinding, map[int]string{200: "…uuid", 403: mayNot, 404: notFound}[c.status]
				if route == scanResult {
					body = `{"uuids":["` + exampleUUID + `"]}`
					want = strings.Replace(want, "…uuid", "200", 1)
				}
				t.wantAll([]exchange{
					{c.what + " at " + route, call{route: route, token: c.token, body: body}, c.status, want},
					{c.what + " with a bad body at " + route, call{route: route, token: c.token, body: "{}"}, 400, "…is missing"},
				})
			}
		}
		kept := s.List("findings", "agent_id", "author")
		slices.Sort(kept)
		s.Same("findings", kept, []string{"20 root", "23 lent", "5 dev", "6 maint"})
	}},
	{Name: "no security dashboard licence: reports refused", Check: func(s Subject) {
		t := s.kasServer(kasSettings{dashboardOff: true})
		t.wantAll([]exchange{
			{"a finding", call{route: starboard, token: "agent-5", body: exampleFinding}, 403, mayNot},
			{"a scan", call{route: scanResult, token: "agent-5", body: `{"uuids":[]}`}, 403, mayNot},
			{"bad parameters come first", call{route: scanResult, token: "agent-5", body: `{}`}, 400, "…uuids"},
			{"a project pending deletion comes first", call{route: scanResult, token: "in-doomed", body: `{"uuids":[]}`}, 404, notFound},
		})
		s.Same("findings", len(s.List("findings")), 0)
	}},
	{Name: "licence exceptions: one project differs from the instance", Check: func(s Subject) {
		t := s.kasServer(kasSettings{except: []string{"ACME/infra"}})
		t.wantAll([]exchange{
			{"without the licence", call{route: starboard, token: "agent-5", body: exampleFinding}, 403, mayNot},
			{"another project", call{route: starboard, token: "in-internal", body: exampleFinding}, 200, `…"uuid"`},
		})
		t = s.kasServer(kasSettings{dashboardOff: true, except: []string{"acme"}})
		t.wantAll([]exchange{{"alone with the licence, by its group", call{route: starboard, token: "agent-5", body: exampleFinding}, 200, `…"uuid"`}})
	}},
	{Name: "rollout to some projects: other agents refused", Check: func(s Subject) {
		t := s.kasServer(kasSettings{rollout: []string{"acme/elsewhere", "acme/deep"}})
		t.wantAll([]exchange{
			{"not reached", call{route: agentInfo, token: "agent-5"}, 403, mayNot},
			{"not reached, with a bad body", call{route: scanResult, token: "agent-5", body: `{}`}, 403, mayNot},
			{"a bad token", call{route: agentInfo, token: "unknown"}, 401, unauthorized},
			{"reached by its group", call{route: agentInfo, token: "in-private"}, 200, `…"agent_id":26`},
			{"a route without an agent token", call{route: usageMetrics, body: `{}`}, 204, ""},
		})
		s.Fine("Flush", s.Store.Flush(s.Context()))
		for _, token := range s.List("agent-tokens", "agent_id", "last_used_at") {
			if used := !strings.HasSuffix(token, " -"); used != strings.HasPrefix(token, "26 ") {
				s.Errorf("used: got %s", token)
			}
		}
	}},
	{Name: "finding parameters: accepted values", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		const v, at = "vulnerability.", "vulnerability.location."
		for _, c := range []struct{ path, value string }{
			{v + "severity", `"CRITICAL"`}, {v + "severity", `"Info"`}, {v + "severity", `"unknown"`}, {v + "severity", `"mEdium"`}, {v + "severity", `"low"`},
			{v + "confidence", ``}, {v + "confidence", `null`}, {v + "confidence", `""`}, {v + "confidence", `"Confirmed"`},
			{v + "confidence", `"ignore"`}, {v + "confidence", `"experimental"`}, {v + "confidence", `"low"`}, {v + "confidence", `"medium"`}, {v + "confidence", `"high"`},
			{v + "name", `7`}, {v + "name", quoted(300)}, {v + "message", `null`}, {v + "message", quoted(3000)},
			{v + "description", quoted(15000)}, {v + "solution", quoted(7000)}, {v + "solution", `""`},
			{v + "links", `null`}, {v + "links", `[]`}, {v + "links", `["x",{"y":[]},null]`},
			{v + "unknown", `{"x":[{}]}`}, {"unknown", `1`},
			{at + "image", `null`}, {at + "dependency", `null`}, {at + "dependency", `{}`}, {at + "dependency.package", `{}`}, {at + "dependency.version", `null`},
			{at + "operating_system", `7`}, {at + "extra", `"\u0000"`},
			{at + "kubernetes_resource.namespace", `""`}, {at + "kubernetes_resource.kind", `""`}, {at + "kubernetes_resource.name", `""`},
			{at + "kubernetes_resource.container_name", ``}, {at + "kubernetes_resource.agent_id", ``}, {at + "kubernetes_resource.agent_id", `99999999999`},
			{v + "identifiers.value", ``}, {v + "identifiers.url", `null`}, {v + "identifiers.type", `""`},
			{"scanner.vendor", ``}, {"scanner.vendor", `null`}, {"scanner.vendor", `""`}, {"scanner.vendor", `{}`}, {"scanner.vendor", `{"name":null}`}, {"scanner.version", `{}`},
		} {
			t.wantAll([]exchange{{c.path + " = " + c.value[:min(len(c.value), 40)], call{route: starboard, token: "agent-5", body: with(agentFinding, c.path, c.value)}, 200, "…uuid"}})
		}
		form := "vulnerability[name]=x&vulnerability[severity]=high&vulnerability[location][kubernetes_resource][namespace]=n&vulnerability[location][kubernetes_resource][kind]=k" +
			"&vulnerability[location][kubernetes_resource][name]=r&vulnerability[identifiers][][type]=cve&vulnerability[identifiers][][name]=CVE-1&scanner[id]=i&scanner[name]=n"
		t.wantAll([]exchange{{"a form", call{route: starboard, token: "agent-5", body: form, kind: "application/x-www-form-urlencoded"}, 200, "…uuid"}})
		long := call{route: starboard, token: "agent-6", body: with(exampleFinding, "vulnerability.name", quoted(300))}
		t.wantAll([]exchange{{"a long name", long, 200, "…uuid"}})
		for _, line := range s.List("findings", "agent_id", "title", "confidence") {
			if strings.HasPrefix(line, "6 ") {
				s.Same("title", line, "6 unknown "+strings.Repeat("ö", 254)+"…")
			}
		}
	}},
	{Name: "finding parameters: refused values, with every mistake", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		const v, at = "vulnerability.", "vulnerability.location."
		const inResource, inLocation = "vulnerability[location][kubernetes_resource]", "vulnerability[location]"
		for _, c := range []struct{ path, value, want string }{
			{"vulnerability", ``, `vulnerability is missing, vulnerability[name] is missing, vulnerability[severity] is missing, vulnerability[location] is missing, ` +
				inResource + ` is missing, ` + inResource + `[namespace] is missing, ` + inResource + `[kind] is missing, ` + inResource + `[name] is missing, vulnerability[identifiers] is missing`},
			{"vulnerability", `"invalid"`, `vulnerability is invalid, vulnerability[name] is missing, …`},
			{"vulnerability", `null`, `vulnerability is invalid`},
			{"vulnerability", `[]`, `vulnerability is invalid, …`},
			{"scanner", ``, `scanner is missing, scanner[id] is missing, scanner[name] is missing`},
			{"scanner", `7`, `scanner is invalid, scanner[id] is missing, scanner[name] is missing`},
			{"scanner.id", ``, `scanner[id] is missing`},
			{"scanner.id", `""`, `scanner[id] is empty`},
			{"scanner.id", `{}`, `scanner[id] is invalid`},
			{"scanner.name", ``, `scanner[name] is missing`},
			{"scanner.name", `null`, `scanner[name] is invalid`},
			{"scanner.vendor", `[]`, `scanner[vendor] is invalid`},
			{"scanner.vendor", `{"name":{}}`, `scanner[vendor] is invalid`},
			{v + "name", ``, `vulnerability[name] is missing`},
			{v + "name", `" "`, `vulnerability[name] is empty`},
			{v + "name", `"\u0000"`, `vulnerability[name] is empty`},
			{v + "severity", ``, `vulnerability[severity] is missing`},
			{v + "severity", `null`, `vulnerability[severity] is invalid`},
			{v + "severity", `5`, `vulnerability[severity] is invalid`},
			{v + "severity", `["high"]`, `vulnerability[severity] is invalid`},
			{v + "severity", `"bad"`, `vulnerability[severity] does not have a valid value`},
			{v + "severity", `""`, `vulnerability[severity] does not have a valid value`},
			{v + "confidence", `5`, `vulnerability[confidence] is invalid`},
			{v + "confidence", `"sure"`, `vulnerability[confidence] does not have a valid value`},
			{v + "location", ``, `vulnerability[location] is missing, …`},
			{v + "location", `"x"`, `vulnerability[location] is invalid, …`},
			{v + "location", `{}`, inResource + ` is missing, ` + inResource + `[namespace] is missing, …`},
			{at + "kubernetes_resource", `7`, inResource + ` is invalid, …`},
			{at + "kubernetes_resource.namespace", ``, inResource + `[namespace] is missing`},
			{at + "kubernetes_resource.kind", `null`, inResource + `[kind] is invalid`},
			{at + "kubernetes_resource.name", `[]`, inResource + `[name] is invalid`},
			{at + "kubernetes_resource.container", `{}`, inResource + `[container] is invalid`},
			{at + "kubernetes_resource.container_name", `[]`, inResource + `[container_name] is invalid`},
			{at + "kubernetes_resource.agent_id", `[5]`, inResource + `[agent_id] is invalid`},
			{at + "image", `{}`, inLocation + `[image] is invalid`},
			{at + "dependency", `"x"`, inLocation + `[dependency] is invalid`},
			{at + "dependency.package", `5`, inLocation + `[dependency][package] is invalid`},
			{at + "dependency.package.name", `{}`, inLocation + `[dependency][package][name] is invalid`},
			{v + "identifiers", ``, `vulnerability[identifiers] is missing`},
			{v + "identifiers", `null`, `vulnerability[identifiers] is invalid`},
			{v + "identifiers", `[]`, `vulnerability[identifiers] is empty`},
			{v + "identifiers", `{"type":"cve","name":"x"}`, `vulnerability[identifiers] is invalid`},
			{v + "identifiers", `["x"]`, `vulnerability[identifiers][0] is invalid`},
			{v + "identifiers", `[{"type":"cve","name":"x"},{}]`, `vulnerability[identifiers][1][type] is missing, vulnerability[identifiers][1][name] is missing`},
			{v + "identifiers.name", ``, `vulnerability[identifiers][0][name] is missing`},
			{v + "identifiers.name", `""`, `vulnerability[identifiers][0][name] is empty`},
			{v + "identifiers.type", ``, `vulnerability[identifiers][0][type] is missing`},
			{v + "identifiers.value", `[]`, `vulnerability[identifiers][0][value] is invalid`},
			{v + "message", `{}`, `vulnerability[message] is invalid`},
			{v + "links", `"x"`, `vulnerability[links] is invalid`},
			{v + "links", `{}`, `vulnerability[links] is invalid`},
		} {
			want := `{"error":"` + c.want + `"}`
			if begin, more := strings.CutSuffix(c.want, "…"); more {
				want = `…{"error":"` + begin
			}
			t.wantAll([]exchange{{c.path + " = " + c.value, call{route: starboard, token: "agent-5", body: with(agentFinding, c.path, c.value)}, 400, want}})
		}
		t.wantAll([]exchange{
			{"nothing", call{route: starboard, token: "agent-5"}, 400, "…, scanner is missing, scanner[id] is missing, scanner[name] is missing\"}"},
			{"a list", call{route: starboard, token: "agent-5", body: "[]"}, 400, "…vulnerability is missing"},
		})
		s.Same("findings", len(s.List("findings")), 0)
		s.Same("agents", s.List("agents", "id", "has_vulnerabilities")[0], "5 false")
	}},
	{Name: "finding with texts that are too long or have NUL: taken, with the UUID of the texts without", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		const v, at = "vulnerability.", "vulnerability.location."
		for _, c := range []struct{ path, value string }{
			{v + "message", quoted(3001)}, {v + "description", quoted(15001)}, {v + "description", quoted(1 << 20)}, {v + "solution", quoted(7001)}, {v + "name", quoted(256)},
			{v + "message", `"a\u0000b"`}, {v + "description", `"\u0000"`}, {v + "solution", `"\u0000"`}, {v + "name", `"x\u0000"`},
			{v + "links", `[{"url":"\u0000"}]`}, {v + "identifiers.value", `"\u0000"`}, {v + "identifiers.url", `"\u0000"`}, {v + "identifiers.type", `"\u0000"`},
			{v + "identifiers.name", `"CVE-2020-27350\u0000"`}, {v + "severity", `"hi\u0000gh"`},
			{at + "image", `"\u0000"`}, {at + "dependency.version", `"\u0000"`}, {at + "operating_system", `"\u0000"`}, {at + "extra", `{"x":["\u0000"]}`},
			{at + "kubernetes_resource.container_name", `"\u0000"`}, {at + "kubernetes_resource.agent_id", `"\u0000"`}, {at + "kubernetes_resource.container", `"\u0000"`},
			{"scanner.vendor", `"\u0000"`}, {"scanner.vendor", `{"name":"\u0000"}`}, {"scanner.id", `"x\u0000"`}, {"scanner.name", `"x\u0000"`},
		} {
			got := t.send(call{route: starboard, token: "agent-5", body: with(agentFinding, c.path, c.value)})
			s.Same(c.path+" = "+c.value[:min(len(c.value), 40)], uuidOf(got), agentUUID)
		}
		t.wantAll([]exchange{{"all at once, new", call{route: starboard, token: "agent-6", body: with(with(with(agentFinding, v+"name", `"a\u0000`+strings.Repeat("ö", 300)+`"`),
			v+"message", quoted(4000)), v+"identifiers.url", `"\u0000x"`)}, 200, "…uuid"}})
		s.Same("titles", s.List("findings", "agent_id", "title")[1], "6 a"+strings.Repeat("ö", 253)+"…")
	}},
	{Name: "finding UUID: fields that determine it", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		uuid := func(token, body string) string {
			return uuidOf(t.send(call{route: starboard, token: token, body: body}))
		}
		const v, at = "vulnerability.", "vulnerability.location."
		for _, path := range []string{
			v + "name", v + "message", v + "identifiers.type", v + "identifiers.value", v + "identifiers.url", at + "image", at + "dependency.version",
			at + "kubernetes_resource.container_name", at + "kubernetes_resource.agent_id", "scanner.id", "scanner.name",
		} {
			s.Same(path+" does not", uuid("agent-5", with(agentFinding, path, `"9"`)), agentUUID)
		}
		s.Same("severity does not", uuid("agent-5", with(agentFinding, v+"severity", `"low"`)), agentUUID)
		s.Same("a second identifier does not", uuid("agent-5", with(agentFinding, v+"identifiers", `[{"type":"x","name":"CVE-2020-27350"},{"type":"x","name":"y"}]`)), agentUUID)
		s.Same("no package is an empty one", uuid("agent-5", with(exampleFinding, v+"location.dependency", `{"package":{"name":""}}`)), exampleUUID)
		seen := map[string]bool{agentUUID: true}
		for _, body := range []string{
			with(agentFinding, v+"identifiers.name", `"x"`), with(agentFinding, at+"dependency.package.name", `"x"`), with(agentFinding, at+"kubernetes_resource.container", `"x"`),
			with(agentFinding, at+"kubernetes_resource.namespace", `"x"`), with(agentFinding, at+"kubernetes_resource.kind", `"x"`), with(agentFinding, at+"kubernetes_resource.name", `"x"`),
		} {
			got := uuid("agent-5", body)
			s.Same("a uuid of its own for "+body, got != "" && !seen[got], true)
			seen[got] = true
		}
		other := uuid("agent-6", agentFinding)
		s.Same("another agent has its own", other != "" && !seen[other], true)
		s.Same("findings", len(s.List("findings")), len(seen)+2)
	}},
	{Name: "80 concurrent reports of 20 findings: each stored once", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		const findings, times = 20, 4
		answers := make([]string, findings*times)
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range answers {
			all.Go(func() {
				<-start
				body := with(agentFinding, "vulnerability.identifiers.name", fmt.Sprintf(`"CVE-%d"`, i%findings))
				got := t.send(call{route: starboard, token: "agent-5", body: body})
				t.wantReply(body, got, 200, "…uuid")
				answers[i] = uuidOf(got)
			})
		}
		close(start)
		all.Wait()
		kinds := map[string]bool{}
		for i, got := range answers {
			s.Same("the same finding", got, answers[i%findings])
			kinds[got] = true
		}
		s.Same("findings", []int{len(kinds), len(s.List("findings"))}, []int{findings, findings})
	}},
}

// kasScanCases are about the results of scans.
var kasScanCases = []Case{
	{Name: "scan result: findings that it does not list are resolved", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		s.AddScanFindings()
		scan := func(what, token, body string, want ...string) {
			s.Helper()
			for range 2 { // the second time: no change
				t.wantAll([]exchange{{what, call{route: scanResult, token: token, body: body}, 200, "200"}})
				s.Same(what, s.List("findings", "uuid", "state", "resolved_on_default_branch"), want)
			}
		}
		untouched := []string{
			subject.FindingUUID(4) + " dismissed false", subject.FindingUUID(5) + " resolved false", subject.FindingUUID(6) + " detected false", subject.FindingUUID(7) + " detected false", subject.FindingUUID(8) + " detected false",
		}
		with := func(lines ...string) []string { return append(lines, untouched...) }
		scan("all are still there", "agent-5", fmt.Sprintf(`{"uuids":[%q,%q,%q,"unknown",%q]}`, subject.FindingUUID(1), strings.ToUpper(subject.FindingUUID(2)), subject.FindingUUID(3), subject.FindingUUID(99)),
			with(subject.FindingUUID(1)+" detected false", subject.FindingUUID(2)+" confirmed false", subject.FindingUUID(3)+" detected false")...)
		scan("one is gone", "agent-5", fmt.Sprintf(`{"uuids":[%q,%q]}`, subject.FindingUUID(1), subject.FindingUUID(2)),
			with(subject.FindingUUID(1)+" detected false", subject.FindingUUID(2)+" confirmed false", subject.FindingUUID(3)+" resolved true")...)
		scan("numbers and booleans are texts", "agent-5", fmt.Sprintf(`{"uuids":[%q,7,true,""]}`, subject.FindingUUID(1)),
			with(subject.FindingUUID(1)+" detected false", subject.FindingUUID(2)+" resolved true", subject.FindingUUID(3)+" resolved true")...)
		scan("what is resolved stays it", "agent-5", fmt.Sprintf(`{"uuids":[%q,%q]}`, subject.FindingUUID(1), subject.FindingUUID(3)),
			with(subject.FindingUUID(1)+" detected false", subject.FindingUUID(2)+" resolved true", subject.FindingUUID(3)+" resolved true")...)
		scan("all are gone", "agent-5", `{"uuids":[]}`,
			with(subject.FindingUUID(1)+" resolved true", subject.FindingUUID(2)+" resolved true", subject.FindingUUID(3)+" resolved true")...)
	}},
	{Name: "resolved finding reported again: unchanged", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		put := exchange{"put", call{route: starboard, token: "agent-5", body: exampleFinding}, 200, `{"uuid":"` + exampleUUID + `"}`}
		t.wantAll([]exchange{
			put, {"resolve", call{route: scanResult + "/", token: "agent-5", body: `{"uuids":[]}`, chunked: true}, 200, "200"}, put,
		})
		s.Same("findings", s.List("findings", "state", "resolved_on_default_branch"), []string{"resolved true"})
	}},
	{Name: "scan result: malformed lists refused", Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		s.AddScanFindings()
		before := s.List("findings")
		for body, want := range map[string]string{
			``: `uuids is missing`, `{}`: `uuids is missing`, `[]`: `uuids is missing`,
			`{"uuids":-1}`: `uuids is invalid`, `{"uuids":"x"}`: `uuids is invalid`, `{"uuids":{}}`: `uuids is invalid`,
			`{"uuids":[null]}`: `uuids is invalid`, `{"uuids":["x",[]]}`: `uuids is invalid`, `{"uuids":[{}]}`: `uuids is invalid`,
			`{"uuids":null}`: `uuids is invalid`, `{"uuids":""}`: `uuids is invalid`, `{"uuids":true}`: `uuids is invalid`, `{"uuids":["\u0000"]}`: `uuids is invalid`,
		} {
			t.wantAll([]exchange{{body, call{route: scanResult, token: "agent-5", body: body}, 400, `{"error":"` + want + `"}`}})
		}
		t.wantAll([]exchange{{"an empty field", call{route: scanResult, token: "agent-5", body: "uuids=", kind: "application/x-www-form-urlencoded"}, 400, `{"error":"uuids is invalid"}`}})
		s.Same("findings", s.List("findings"), before)
		t.wantAll([]exchange{{"a form", call{route: scanResult, token: "agent-5", body: "uuids[]=" + subject.FindingUUID(1), kind: "application/x-www-form-urlencoded"}, 200, "200"}})
		s.Same("findings", s.List("findings", "state")[:3], []string{"detected", "resolved", "resolved"})
	}},
	{Name: "scan result: long list, many findings", OnDatabases: true, Check: func(s Subject) {
		t := s.kasServer(kasSettings{})
		for i := range 300 {
			s.AddFinding(1000+i, func(*security.Finding) {})
		}
		var list []string
		for i := range 5000 {
			list = append(list, fmt.Sprintf("%q", subject.FindingUUID(1100+i)))
		}
		t.wantAll([]exchange{{"long", call{route: scanResult, token: "agent-5", body: `{"uuids":[` + strings.Join(list, ",") + `]}`}, 200, "200"}})
		counts := map[string]int{}
		for _, state := range s.List("findings", "state") {
			counts[state]++
		}
		s.Same("states", counts, map[string]int{"resolved": 100, "detected": 200})
	}},
}
