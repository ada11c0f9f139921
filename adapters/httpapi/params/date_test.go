package params_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
)

// TestParseDate has a row for each form of a date that the portal may send.
func TestParseDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2020-07-15": "2020-07-15", "2020-7-5": "2020-07-05", "20200715": "2020-07-15", "2020/07/15": "2020-07-15", "2018/01/01": "2018-01-01",
		"13 Jun 2021": "2021-06-13", "13-Jun-2021": "2021-06-13", "Jun 13 2021": "2021-06-13", "Jun 15, 2020": "2020-06-15",
		"13 June 2021": "2021-06-13", "06 Jun 2021": "2021-06-06", "13 JUN 2021": "2021-06-13", "1st Sept 2021": "2021-09-01", "September 3rd, 2021": "2021-09-03",
		"15-07-2020": "2020-07-15", "15.07.2020": "2020-07-15", "31/12/2018": "2018-12-31", "01/01/2018": "2018-01-01", "1/2/2018": "2018-02-01",
		"2020-07-15T10:00:00Z": "2020-07-15", "2020-07-15T23:59:59.999-08:00": "2020-07-15", "2020-07-15 10:00:00 UTC": "2020-07-15",
		"2025-03-01 10:00:00 +0000 UTC": "2025-03-01", "2025-03-01 10:00 pm": "2025-03-01",
		"20261128T000000Z": "2026-11-28", "20261128T100000": "2026-11-28", "20261128 10:00:00": "2026-11-28", "20261128T1000": "2026-11-28", "20261128T10": "2026-11-28",
		"20261128T10Z": "2026-11-28", "20261128t235959.999999999-0800": "2026-11-28", "20261128T100000,5+02": "2026-11-28", "20261128T100000+02:00": "2026-11-28",
		"20261128 100000 UTC": "2026-11-28", "20261128Z": "2026-11-28", "20261128+0200": "2026-11-28", "2026-11-28T100000Z": "2026-11-28", "2026-11-28T10": "2026-11-28",
		"2026-11-28 10:00:00 +02": "2026-11-28", "28.11.2026 10:00:00.123": "2026-11-28", "28 Nov 2026 1000": "2026-11-28", `"20261128T100000Z"`: "2026-11-28",
		"2020-W29-3": "2020-07-15", "2020W293": "2020-07-15", "2020-w29-3T10:00:00Z": "2020-07-15", "2020-W53-5": "2021-01-01", "2021-W01-1": "2021-01-04",
		"2015-W01-1": "2014-12-29", "2020-197": "2020-07-15", "2020-366": "2020-12-31", "2020-001T000000Z": "2020-01-01",
		"13 Jun 2021 10:00":             "2021-06-13",
		"Sun, 13 Jun 2021 00:00:00 GMT": "2021-06-13", "Sunday 13 June 2021": "2021-06-13", "2020-07-15Z": "2020-07-15", "2020-07-15+02:00": "2020-07-15",
		` "2020-07-15" `: "2020-07-15", "'13 Jun 2021'": "2021-06-13", "\t2020-07-15\n": "2020-07-15", "2024-02-29": "2024-02-29", "9999-12-31": "9999-12-31",

		"20261128T": "", "20261128T1": "", "20261128T100": "", "20261128T10000": "", "20261128T1000000": "", "20261128 10": "", "2026112810": "", "20261128100000": "",
		"20261328T100000": "", "20261128T10:0": "", "20261128TT100000": "", "2026-W54-1": "", "2021-W53-1": "", "2026-W00-1": "", "2026-W01-0": "",
		"2026-W01-8": "", "2026-W01": "", "2021-366": "", "2021-000": "", "2021197": "", "0999-W10-1": "", "0999-100": "",
		"12/31/2018": "", "2020-02-30": "", "2020-13-01": "", "2023-02-29": "", "2020-00-10": "", "2020-01-00": "", "0000-01-01": "", "0001-01-01": "",
		"invalid": "", "today": "", "0": "", "1594771200": "", "1594771200000": "", "2020": "", "202007": "", "2020-07": "",
		"Wed": "", "13": "", "13 juin 2021": "", "13 Jun": "", "13 Jun 21": "", "15-07.2020": "", "2020-07/15": "", "-2020-07-15": "", "2020-07-15 and more": "",
		"2020-07-15abc": "", "99-99-9999": "", "2020-07-15; DROP": "", "２０２０-07-15": "",
	} {
		day, ok := params.ParseDate(text)
		if got := day.Format(time.DateOnly); ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %s, %t, want %q", text, got, ok, want)
		}
	}
}

type dated struct {
	Day    params.Date  `param:"day"`
	Maybe  *params.Date `param:"maybe"`
	Number *int32       `param:"number"`
}

func TestValues_Decode_dates(t *testing.T) {
	t.Parallel()
	june := params.Date{Time: time.Date(2021, time.June, 13, 0, 0, 0, 0, time.UTC)}
	for text, want := range map[string]dated{
		`{"day":"13 Jun 2021"}`:                    {Day: june},
		`{"maybe":"2021-06-13"}`:                   {Maybe: &june},
		`{"day":null,"maybe":null}`:                {},
		`{"day":"","maybe":" "}`:                   {},
		`{"number":2147483647,"maybe":"20210613"}`: {Maybe: &june, Number: new(int32(2147483647))},
		`{"number":" 10","day":"\"2021-06-13\""}`:  {Day: june, Number: new(int32(10))},
	} {
		var got dated
		if err := parse(t, text).Decode(&got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if !got.Day.Equal(want.Day.Time) || (got.Maybe == nil) != (want.Maybe == nil) || got.Maybe != nil && !got.Maybe.Equal(want.Maybe.Time) ||
			(got.Number == nil) != (want.Number == nil) || got.Number != nil && *got.Number != *want.Number {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]string{
		`{"day":20210613}`: "day is invalid", `{"day":true}`: "day is invalid", `{"day":["2021-06-13"]}`: "day is invalid", `{"day":{}}`: "day is invalid",
		`{"day":"12/31/2018","maybe":"today","number":"2147483648"}`: "day is invalid, maybe is invalid, number is invalid",
	} {
		var got dated
		wantRefusal(t, parse(t, text).Decode(&got), domain.Invalid, want)
	}
}

type lists struct {
	Packs []struct {
		Minutes *int32       `param:"minutes,required"`
		Expires *params.Date `param:"expires,required"`
	} `param:"packs,required"`
}

type looseLists struct {
	Upcoming []struct {
		ID   int64        `param:"id,present"`
		Next *params.Date `param:"next,required"`
	} `param:"upcoming,required,unnumbered,json"`
	Last int64 `param:"last,present"`
}

func TestValues_Decode_lists(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:             "packs is missing",
		`{"packs":null}`: "packs is invalid",
		`{"packs":{}}`:   "packs is invalid",
		`{"packs":"[]"}`: "packs is invalid",
		`{"packs":[{}]}`: "packs[0][minutes] is missing, packs[0][expires] is missing",
		`{"packs":[1,{"minutes":"x","expires":null}]}`: "packs[0] is invalid, packs[1][minutes] is invalid",
	} {
		var got lists
		wantRefusal(t, parse(t, text).Decode(&got), domain.Invalid, want)
	}
	const all = "upcoming is missing, upcoming[id] is missing, upcoming[id] is empty, upcoming[next] is missing, last is missing, last is empty"
	for text, want := range map[string]string{
		`{}`:                                      all,
		`{"upcoming":null,"last":1}`:              "upcoming is invalid",
		`{"upcoming":{"id":1},"last":1}`:          "upcoming is invalid",
		`{"upcoming":"x","last":1}`:               "upcoming is invalid",
		`{"upcoming":"[] []","last":1}`:           "upcoming is invalid",
		`{"upcoming":"[]]","last":1}`:             "upcoming is invalid",
		`{"upcoming":"[]}","last":1}`:             "upcoming is invalid",
		`{"upcoming":"{\"id\":\"x\"}","last":""}`: "upcoming[id] is invalid, upcoming[next] is missing, last is empty",
		`{"upcoming":[{"id":null},{"id":"","next":null},{"next":"x"}],"last":1}`: "upcoming[id] is empty, upcoming[next] is missing, upcoming[id] is missing, upcoming[next] is invalid",
	} {
		var got looseLists
		wantRefusal(t, parse(t, text).Decode(&got), domain.Invalid, want)
	}
	for _, text := range []string{
		`{"upcoming":[{"id":7,"next":null}],"last":1}`, `{"upcoming":"{\"id\":7,\"next\":\"\"}","last":1}`, `{"upcoming":" [{\"id\":\"7\",\"next\":\"2021-06-13\"}]","last":1}`,
	} {
		var got looseLists
		if err := parse(t, text).Decode(&got); err != nil || len(got.Upcoming) != 1 || got.Upcoming[0].ID != 7 {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
}

// FuzzParseDate looks for a date that is not read again from its own text.
func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2020-07-15", "13 Jun 2021", "Sun, 13 Jun 2021 00:00:00 GMT", "12/31/2018", "20200715T10:00", "1594771200", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		day, ok := params.ParseDate(text)
		if !ok {
			return
		}
		again, ok := params.ParseDate(day.Format(time.DateOnly))
		if !ok || !again.Equal(day.Time) || !strings.ContainsAny(text, "0123456789") {
			t.Errorf("%q: got %v, again %v", text, day, again)
		}
	})
}

// FuzzDecode_forms looks for a form that panics, or is neither read nor refused.
func FuzzDecode_forms(f *testing.F) {
	for _, seed := range []string{
		"packs[][minutes]=1&packs[][expires]=2022-01-01&packs[][minutes]=2&packs[][expires]=", "packs[0][minutes]=1", "packs=x", "packs[]=1",
		"upcoming[][id]=1&upcoming[][next]=13+Jun+2021&last=1", "upcoming=[{\"id\":1}]&last=1", "upcoming[id]=1", "upcoming[][id][]=1", "day=x&maybe[]=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c := contextOf(request("POST", "/", asForm, body))
		for _, into := range []any{&lists{}, &looseLists{}, &dated{}} {
			if err := params.Decode(c, into); err != nil && !errors.Is(err, domain.Invalid) && !errors.Is(err, domain.TooLarge) {
				t.Errorf("got %v, want a refusal", err)
			}
		}
	})
}
