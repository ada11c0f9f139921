package clients_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"math/bits"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"pgregory.net/rapid"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/domain/remembered"
)

// noise draws requests: most of them could be a client's, and have something wrong
// somewhere.
type noise struct {
	*rapid.T
	// wrong is how many of a hundred values of the request at hand are wrong ones.
	wrong int
	// types are those of the parameters of the route.
	types map[string]reflect.Type
}

// below draws a number from 0 to most-1, all of them equally often. What rapid draws by
// itself is small most of the time. It shrinks to 0.
func (n noise) below(most int, label string) int {
	const spread = 0x9E3779B97F4A7C15
	high, _ := bits.Mul64(rapid.Uint64().Draw(n.T, label)*spread, uint64(most))
	return int(high)
}

// chance is true so many times in a hundred. It shrinks to false.
func (n noise) chance(percent int, label string) bool { return n.below(100, label) >= 100-percent }

// pick draws one of several texts. It shrinks to the first one.
func (n noise) pick(from []string, label string) string { return from[n.below(len(from), label)] }

// request returns the text of a request at one of the routes, as it goes over the wire.
func (n noise) request(routes []call.Route) string {
	if n.chance(50, "has something wrong") {
		n.wrong = 25
	}
	route := routes[n.below(len(routes), "route")]
	n.types = declared(route)
	target, body, media := n.drawn(route)
	if examples := examplesOf(route); len(examples) > 0 && n.chance(35, "example") {
		target, body, media = n.example(examples[n.below(len(examples), "row")])
	}
	var lines strings.Builder
	fmt.Fprintf(&lines, "%s /api/v4%s HTTP/1.1\r\nHost: git.example.com\r\n", route.Method, target)
	n.credential(&lines)
	if n.chance(3, "sudo") {
		fmt.Fprintf(&lines, "Sudo: %s\r\n", n.pick([]string{"guest", "4", "owner", "none", "0", "-1", "\xff", "ghost"}, "sudo as"))
	}
	if n.chance(3, "condition") {
		fmt.Fprintf(&lines, "If-Unmodified-Since: %s\r\n", n.pick([]string{"Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "yesterday", ""}, "since"))
	}
	if media != "" {
		fmt.Fprintf(&lines, "Content-Type: %s\r\n", media)
	}
	fmt.Fprintf(&lines, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return lines.String()
}

// drawn draws a path with a query, a body and its media type for a route.
func (n noise) drawn(route call.Route) (target, body, media string) {
	target = n.path(route.Path) + n.query(route)
	if route.Method != http.MethodGet || n.chance(3, "body of GET") {
		body, media = n.body(route)
	}
	return target, body, media
}

// example returns the call of a row of the matrix, at times with one value changed.
func (n noise) example(r row) (target, body, media string) {
	_, target, _ = strings.Cut(r.call, " ")
	if r.body == "" {
		return target, "", ""
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.body), &members); err != nil {
		panic(err) // rows have valid bodies
	}
	names := slices.Sorted(maps.Keys(members))
	changed := -1
	if n.wrong > 0 {
		changed = n.below(len(names), "changed")
	}
	var pairs []string
	for i, name := range names {
		value := string(members[name])
		if i == changed {
			value = n.value(name)
		}
		pairs = append(pairs, strconv.Quote(name)+": "+value)
	}
	return target, "{" + strings.Join(pairs, ", ") + "}", "application/json"
}

// examplesOf returns the rows of a route.
func examplesOf(route call.Route) []row { return examples()[route.Name] }

// examples are the rows of the matrix by the names of their routes, always in the same
// order.
var examples = sync.OnceValue(func() map[string][]row {
	out := map[string][]row{}
	for _, section := range slices.Sorted(maps.Keys(matrix)) {
		for _, r := range matrix[section] {
			route, _ := routeOf(r.call)
			out[route.Name] = append(out[route.Name], r)
		}
	}
	return out
})

// callers are the roles as often as they are drawn: what only an administrator or an owner
// may do is done often enough.
var callers = slices.Concat(roles, []role{admin, admin, admin, admin, owner, owner})

// credential writes the header by which a caller authenticates.
func (n noise) credential(lines *strings.Builder) {
	who := callers[n.below(len(callers), "role")]
	token := strings.Join(who.token()[min(1, len(who.token())):], "")
	if n.chance(3, "other token") {
		token = n.pick([]string{"glpat-that-reads", "glpat-that-rotates", "glpat-that-expired", "glpat-to-spare", "glpat-of-none", "\xff", strings.Repeat("a", 3000)}, "token")
	}
	switch {
	case token == "":
	case n.chance(20, "bearer"):
		fmt.Fprintf(lines, "Authorization: Bearer %s\r\n", token)
	default:
		fmt.Fprintf(lines, "PRIVATE-TOKEN: %s\r\n", token)
	}
}

// pathValues are what the parameters of a path may be, by the segment before them.
var pathValues = map[string][]string{
	"users":                  {"1", "2", "4", "6", "7", "8", "9", "10", "11", "12", "13", "member", "MEMBER", "newcomer"},
	"groups":                 {"20", "21", "22", "23", "24", "26", "acme", "ACME", "acme%2Fsub", "partners"},
	"projects":               {"30", "31", "32", "34", "acme%2Fapp", "acme%2Fsub%2FLIB", "old%2Fapp", "acme%2Fapp%2Egit"},
	"namespaces":             {"20", "21", "1", "acme", "developer", "open"},
	"members":                {"2", "3", "4", "5", "7", "8", "1"},
	"all":                    {"2", "7", "8"},
	"share":                  {"22", "23", "24", "20"},
	"keys":                   {"40", "41", "42", "1"},
	"personal_access_tokens": {"1", "4", "7", "8", "13", "self"},
}

// wrongSegments are no parameters of a path.
var wrongSegments = []string{
	"0", "-1", "999", "9223372036854775807", "9223372036854775808", "01", "1.5", "%20", "%00", "%ff", "..", "%2e%2e", "acme%2F%2Fapp", "%2F", "@member",
	"%25", "%F0%9D%92%B3", "acme%00", "acme%2Fapp%2F..", "self", "all", ";", "a,b", strings.Repeat("a", 300), strings.Repeat("%2Fa", 500), "",
}

func (n noise) path(pattern string) string {
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		switch {
		case !strings.HasPrefix(segment, ":"):
		case n.chance(n.wrong/2, "wrong segment"):
			segments[i] = n.pick(wrongSegments, segment)
		case pathValues[segments[i-1]] != nil:
			segments[i] = n.pick(pathValues[segments[i-1]], segment)
		default:
			segments[i] = n.pick([]string{"1", "7", "20", "30"}, segment)
		}
	}
	return strings.Join(segments, "/")
}

// listNames are the parameters of lists.
var listNames = []string{
	"page", "per_page", "order_by", "sort", "pagination", "cursor", "search", "id_after", "id_before", "owned", "membership", "min_access_level",
	"visibility", "created_after", "created_before", "active", "blocked", "skip_groups[]", "user_ids[]", "with_shared", "simple", "statistics", "topic",
	"username", "state", "type", "fingerprint", "parent_id", "last_activity_after", "expires_before", "archived",
}

func (n noise) query(route call.Route) string {
	if route.Method != http.MethodGet && n.chance(90, "no query") {
		return ""
	}
	names := append(namesOf(route), listNames...)
	query := ""
	for range n.below(4, "parameters of the query") {
		name := n.pick(names, "name")
		query += "&" + url.QueryEscape(name) + "=" + url.QueryEscape(plain(n.value(name)))
	}
	if n.chance(n.wrong/5, "malformed query") {
		query += n.pick([]string{"&=", "&%", "&a[b][c]=1&a[b]=2", "&a[]=1&a=2", "&%00=1", "&private_token=", strings.Repeat("&a[]=1", 300), "&a" + strings.Repeat("[a]", 200) + "=1"}, "malformed")
	}
	if query == "" {
		return ""
	}
	return "?" + query[1:]
}

// namesOf returns the names of the parameters of a route, and some that every route may
// get.
func namesOf(route call.Route) []string {
	names := []string{"sudo", "nothing"}
	for _, table := range []remembered.Table{remembered.Users, remembered.Groups} {
		for _, parameter := range table[:min(len(table), 8)] {
			names = append(names, parameter.Name)
		}
	}
	own := slices.Sorted(maps.Keys(declared(route)))
	return slices.Concat(names, own, own, own)
}

// declared returns the types of the parameters that a route declares, by their names.
func declared(route call.Route) map[string]reflect.Type {
	types := map[string]reflect.Type{}
	t := reflect.TypeOf(route.Params)
	if t == nil || t.Kind() != reflect.Struct {
		return types
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("param"), ","); name != "" {
			types[name] = f.Type
		}
	}
	return types
}

// body returns a body and its media type.
func (n noise) body(route call.Route) (body, media string) {
	kind := n.below(100, "kind of body")
	if n.wrong == 0 {
		kind = min(kind, 84)
	}
	switch {
	case kind < 70:
		return n.object(route), "application/json"
	case kind < 80:
		return n.form(route), "application/x-www-form-urlencoded"
	case kind < 85:
		return n.multipart(route), "multipart/form-data; boundary=zzz"
	case kind < 88:
		return n.object(route), n.pick([]string{"", "text/plain", "application/json; charset=utf-16", "multipart/form-data", ";;;"}, "media type")
	default:
		return n.pick(malformedBodies, "malformed body"), n.pick([]string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=zzz"}, "media type")
	}
}

var malformedBodies = []string{
	"", "{", "[]", "null", "1", `"text"`, "{}{}", "\x00", "\xff\xfe", `{"a": 1,}`, `{"name": "\xff"}`, "{\"name\": \"a\nb\"}",
	strings.Repeat("[", 20000), strings.Repeat(`{"a":`, 20000), `{"a":` + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + "}",
	"[" + strings.Repeat("1,", 50000) + "1]", "--zzz", "--zzz--", "--zzz\r\n\r\n", "a=%", "=&=&=", strings.Repeat("a", 2<<20),
}

// given returns the names that a request has.
func (n noise) given(route call.Route) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(declared(route))) {
		if n.chance(75, "has "+name) {
			names = append(names, name)
		}
	}
	for range n.below(2, "other parameters") {
		names = append(names, n.pick(namesOf(route), "other"))
	}
	return names
}

func (n noise) object(route call.Route) string {
	var members []string
	for _, name := range n.given(route) {
		members = append(members, strconv.Quote(name)+": "+n.value(name))
	}
	return "{" + strings.Join(members, ", ") + "}"
}

func (n noise) form(route call.Route) string {
	var pairs []string
	for _, name := range n.given(route) {
		suffix := ""
		if n.chance(n.wrong, "suffix") {
			suffix = n.pick([]string{"[]", "[a]", "[][a]"}, "suffix")
		}
		pairs = append(pairs, url.QueryEscape(name)+suffix+"="+url.QueryEscape(plain(n.value(name))))
	}
	return strings.Join(pairs, "&")
}

func (n noise) multipart(route call.Route) string {
	var body strings.Builder
	for _, name := range n.given(route) {
		file := ""
		if n.chance(n.wrong, "file") {
			file = `; filename="a.png"`
		}
		fmt.Fprintf(&body, "--zzz\r\nContent-Disposition: form-data; name=%q%s\r\n\r\n%s\r\n", name, file, plain(n.value(name)))
	}
	return body.String() + "--zzz--\r\n"
}

// plain returns a value of JSON as text.
func plain(value string) string {
	if text, err := strconv.Unquote(value); err == nil {
		return text
	}
	return value
}

// rightValues are values of JSON that fit the parameters of that name.
var rightValues = map[string][]string{
	"email":            {`"x@example.com"`, `"MEMBER@example.com"`, `"newcomer@example.com"`},
	"username":         {`"fresh"`, `"Member"`, `"acme"`, `"renamed"`},
	"name":             {`"Fresh"`, `"Acme"`, `"acme"`},
	"path":             {`"fresh"`, `"acme"`, `"sub"`, `"member"`},
	"title":            {`"a key"`, `""`},
	"key":              {`"` + newKey + `"`, `"` + newKey + ` a comment"`, `"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEy1q/atefv1q7zK/MJp2FzSZR7UuIW1hp8kGu3wpbop"`, `"ssh-rsa AAAA"`},
	"user_id":          {"8", "7", "4", `"8"`, `"8,7"`, "999"},
	"group_id":         {"22", "23", "24", "20", "21", "999"},
	"parent_id":        {"20", "21", "22", "24", "999"},
	"access_level":     {"30", "40", "50", "10", "5", "20", "15", `"30"`},
	"group_access":     {"30", "40", "50", "10"},
	"min_access_level": {"10", "30", "50"},
	"expires_at":       {`"2027-01-01"`, `"2027-01-01T10:00:00Z"`, `""`, "null", `"2026-01-01"`},
	"scopes":           {`["api"]`, `"api,read_user"`, `["k8s_proxy"]`, `["self_rotate"]`, "[]"},
	"visibility":       {`"private"`, `"internal"`, `"public"`},
	"pagination":       {`"keyset"`, `"offset"`},
	"order_by":         {`"id"`, `"name"`, `"path"`, `"created_at"`, `"username"`, `"similarity"`},
	"sort":             {`"asc"`, `"desc"`, `"name_asc"`},
	"page":             {"1", "2", "1000"},
	"per_page":         {"1", "2", "100", "101"},
	"state":            {`"active"`, `"inactive"`},
	"type":             {`"Project"`, `"Namespace"`},
	"fingerprint":      {`"SHA256:mXhe4VT8IZgX1fUCWPH5SZ3xupG1AvwouipH1zOKCA0"`, `"52:24:ba:4b:01:38:03:bc:1c:34:79:59:a4:7a:a5:1f"`},
	"sudo":             {`"guest"`, "4"},
	"project_creation_level": {
		`"noone"`, `"owner"`, `"maintainer"`, `"developer"`, `"administrator"`,
	},
	"subgroup_creation_level":            {`"owner"`, `"maintainer"`},
	"ip_restriction_ranges":              {`"192.0.2.0/24,2001:db8::/32"`, `""`},
	"enabled_git_access_protocol":        {`"all"`, `"ssh"`, `"http"`, `"ssh_certificates"`},
	"default_branch_protection":          {"0", "2", "4"},
	"default_branch_protection_defaults": {`{"allow_force_push": true}`, `{"allowed_to_push": [{"access_level": 40}]}`},
	"shared_runners_minutes_limit":       {"0", "100"},
	"password":                           {`"long enough"`},
	"reset_password":                     {"true"},
	"projects_limit":                     {"0", "10"},
	"provider":                           {`"saml"`},
	"usage_type":                         {`"auth"`, `"signing"`, `"auth_and_signing"`},
	"public_email":                       {`"member@example.com"`, `""`},
	"search":                             {`"a"`, `"acme/s"`, `"member"`, `"%"`, `"_"`, `"'"`},
	"created_after":                      {`"2026-01-01"`, `"2026-01-01T00:00:00Z"`},
	"extra_shared_runners_minutes_limit": {"0"},
	"prevent_forking_outside_group":      {"true"},
	"require_two_factor_authentication":  {"true", "false"},
	"share_with_group_lock":              {"true", "false"},
	"membership_lock":                    {"true", "false"},
	"skip_subresources":                  {"true", "false"},
	"member_role_id":                     {"1"},
}

// wrongValues are values of JSON that fit next to nothing.
var wrongValues = []string{
	"null", "true", "false", `""`, "0", "-1", "1", "1.5", "1e400", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "99999999999999999999999",
	"[]", "{}", "[null]", `[1, "a", {}]`, `{"id": 1}`, `[[[[]]]]`, `{"a": {"b": {"c": []}}}`, `[{"access_level": 30}, {"access_level": "x"}]`,
	`"\u0000"`, `"a\u0000b"`, `"\ud800"`, "\"\xff\"", `"a\nb"`, `"  "`, `"\u202e\u2066"`, `"𝒳 Ünïcödé"`, `"' OR 1=1 --"`, `"%00"`, `"../../etc/passwd"`, `"<script>"`,
	`"a.git"`, `"a.atom"`, `"-"`, `"."`, `"admin"`, `"api"`, `"a/b"`, `"2026-13-45"`, `"0001-01-01"`, `"9999-12-31"`, `"10000-01-01"`, `"-0001-01-01"`, `"2026-03-10T25:00:00Z"`,
	`"2027-01-01T00:00:00+99:99"`, `"292277026596-12-04"`, `"` + strings.Repeat("a", 256) + `"`, `"` + strings.Repeat("ü", 70000) + `"`, strings.Repeat("9", 400),
	`[` + strings.Repeat(`"a",`, 2000) + `"a"]`, strings.Repeat("[", 100) + strings.Repeat("]", 100),
}

// value returns a value of JSON for a parameter.
func (n noise) value(name string) string {
	right := rightValues[strings.TrimSuffix(name, "[]")]
	if right == nil {
		right = valuesOf(n.types[name])
	}
	if n.chance(n.wrong, "wrong value") {
		return n.pick(wrongValues, name)
	}
	return n.pick(right, name)
}

// valuesOf returns values of JSON for a field of a struct of parameters.
func valuesOf(t reflect.Type) []string {
	if t == nil {
		return []string{"true", "false", "1", `"text"`}
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return []string{"true", "false"}
	case reflect.Int64, reflect.Int:
		return []string{"1", "20"}
	case reflect.Slice:
		return []string{"[]", "[1]", `["a"]`}
	default:
		return []string{`"text"`, `"other"`}
	}
}

// parsed reads the text of a request as a server does. It is nil for a text that a server
// refuses before any route.
func parsed(text string) *http.Request {
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		return nil
	}
	request.RemoteAddr = "192.0.2.1:40000"
	return request
}
