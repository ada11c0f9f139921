package servertest_test

import (
	"testing"

	"gatehouse/tests/servertest"
)

func TestAnswer_lacks(t *testing.T) {
	t.Parallel()
	a := servertest.Answer{Status: 200, ContentType: "application/json; charset=utf-8", Body: `{"a":{"b":1,"c":2},"d":[1]}`}
	if err := a.Lacks(200, `{"a":{"b":1},"d":[1]}`); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`{"a":{"b":2}}`, `{"a":{"e":null}}`, `{"d":[]}`, `{"d":{"e":1}}`, `null`, `[]`} {
		if a.Lacks(200, want) == nil {
			t.Errorf("Lacks(%s) on %s: got nil", want, a.Body)
		}
	}
	if a.Lacks(201, `{}`) == nil || (servertest.Answer{Status: 200, ContentType: "text/plain", Body: "{}"}).Lacks(200, `{}`) == nil || (servertest.Answer{Status: 200, ContentType: "application/json", Body: "{"}).Lacks(200, `{}`) == nil {
		t.Error("a wrong status, content type or malformed JSON: got nil")
	}
}
