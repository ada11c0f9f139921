package params_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi/params"
)

// declared has a field of every kind and with every option.
type declared struct {
	Name  string   `param:"name,filled"`
	Count int64    `param:"count"`
	On    bool     `param:"on"`
	Ids   []int64  `param:"ids,array"`
	Texts []string `param:"texts,required,array"`
	Deep  struct {
		Must string `param:"must,required"`
		May  struct {
			Must int64 `param:"must,required"`
		} `param:"may"`
	} `param:"deep,required"`
	List []struct {
		Key string `param:"key,filled"`
	} `param:"list,filled"`
	Grade grade `param:"grade"`
	Raw   any   `param:"deep"`
	Other string
}

type grade string

// ReadParam implements params.Reader.
func (g *grade) ReadParam(value any) (problem string) {
	*g, problem = params.Word(value, []grade{"low", "high"})
	return problem
}

const good = `{"name":"n","texts":["t"],"deep":{"must":"m"},"list":[{"key":"k"}]}`

func strictly(t *testing.T, kind, body string) (declared, string) {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	c.Request.Header.Set("Content-Type", kind)
	var in declared
	if err := params.Decode(c, &in); err != nil {
		return in, err.Error()
	}
	return in, ""
}

func TestDecode_declared_reads(t *testing.T) {
	t.Parallel()
	got, problem := strictly(t, "application/json", `{"name":7,"count":"08","on":"yes","ids":[1,"2",3.9],"texts":[],"deep":{"must":"","may":{"must":1},"x":[{}]},
		"list":[{"key":"a"},{"key":true}],"grade":"high","private":5,"Other":"x","":"y"}`)
	want := declared{Name: "7", Count: 8, On: true, Ids: []int64{1, 2, 3}, Texts: []string{}, Grade: "high"}
	want.Deep.May.Must = 1
	want.List = append(want.List, struct {
		Key string `param:"key,filled"`
	}{"a"}, struct {
		Key string `param:"key,filled"`
	}{"true"})
	raw := got.Raw
	got.Raw = nil
	if diff := cmp.Diff(want, got); diff != "" || problem != "" {
		t.Errorf("%s (-want +got):\n%s", problem, diff)
	}
	if hash, ok := raw.(map[string]any); !ok || len(hash) != 3 {
		t.Errorf("as it came: got %v", raw)
	}
	if _, problem := strictly(t, "application/x-www-form-urlencoded", "name=n&texts[]=t&deep[must]=m&list[][key]=a&list[][key]=b&grade=low"); problem != "" {
		t.Errorf("a form: got %s", problem)
	}
}

func TestDecode_declared_problems(t *testing.T) {
	t.Parallel()
	member := func(name, value string) string { return strings.Replace(good, "{", "{"+name+":"+value+",", 1) }
	for body, want := range map[string]string{
		good:                          "",
		member(`"count"`, `null`):     "",
		member(`"count"`, `" "`):      "",
		member(`"ids"`, `""`):         "",
		member(`"ids"`, `null`):       "",
		member(`"count"`, `"1x"`):     "count is invalid",
		member(`"count"`, `true`):     "count is invalid",
		member(`"on"`, `"perhaps"`):   "on is invalid",
		member(`"ids"`, `1`):          "ids is invalid",
		member(`"ids"`, `[1,"x",""]`): "ids is invalid",
		member(`"ids"`, `[""]`):       "ids is invalid",
		member(`"grade"`, `"LOW"`):    "grade does not have a valid value",
		member(`"grade"`, `""`):       "grade does not have a valid value",
		member(`"grade"`, `"mid"`):    "grade does not have a valid value",
		member(`"grade"`, `1`):        "grade is invalid",
		`{}`:                          "name is missing, texts is missing, deep is missing, deep[must] is missing, list is missing",
		``:                            "name is missing, texts is missing, deep is missing, deep[must] is missing, list is missing",
		`{"name":null,"texts":null,"deep":null,"list":null}`:                                   "name is invalid, texts is invalid, deep is invalid, list is invalid",
		`{"name":"","texts":"","deep":"","list":""}`:                                           "name is empty, texts is invalid, deep is invalid, deep[must] is missing, list is invalid",
		`{"list":[],"deep":{"may":{}},"texts":[{}],"name":[]}`:                                 "name is invalid, texts is invalid, deep[must] is missing, deep[may][must] is missing, list is empty",
		`{"list":[1,{},{"key":""}],"deep":{"must":{},"may":7},"texts":[null],"name":"\u0000"}`: "name is invalid, texts is invalid, deep[must] is invalid, deep[may] is invalid, deep[may][must] is missing, list[0] is invalid, list[1][key] is missing, list[2][key] is empty",
		`{`: "message body does not match declared format",
	} {
		if _, got := strictly(t, "application/json", body); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", body, got, want)
		}
	}
	long := `{"name":"n","texts":[],"deep":{"must":"m"},"list":[` + strings.Repeat("1,", 5000) + `1]}`
	if _, got := strictly(t, "application/json", long); strings.Count(got, "invalid") != 50 {
		t.Errorf("got %d problems, want as many as one can read", strings.Count(got, "invalid"))
	}
}
