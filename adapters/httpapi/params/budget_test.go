package params_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
)

const (
	maxUnits = 1 << 18
	tooMany  = "holds more than 262144 values, of which an array counts as 2 and a hash as 8"
)

// deepForm returns a form of about size bytes whose pairs make 28 hashes each.
func deepForm(size int) string {
	var text strings.Builder
	for i := 0; text.Len() < size-100; i++ {
		fmt.Fprintf(&text, "%d%s=&", i, strings.Repeat("[b]", 28))
	}
	return text.String()
}

// hashes returns a list of about size bytes of JSON: [{"":0},…]
func hashes(size int) string {
	return "[" + strings.Repeat(`{"":0},`, size/7-1) + "0]"
}

// multipartOf returns a body of that many parts, without a name if name is empty.
func multipartOf(name string, parts int) string {
	head := ""
	if name != "" {
		head = "Content-Disposition: form-data; name=" + name + "\r\n"
	}
	return strings.Repeat("--b\r\n"+head+"\r\n\r\n", parts) + "--b--\r\n"
}

const asMultipart = "multipart/form-data; boundary=b"

func TestOf_nodes(t *testing.T) {
	t.Parallel()
	list := func(element string, n int) string {
		return `{"a":[` + strings.Repeat(element+",", n-1) + element + "]}"
	}
	const around = 8 + 1 + 2 // the units of {"a":[]}
	tests := map[string]struct {
		media, body string
		fits        bool
	}{
		"numbers":               {asJSON, list("0", maxUnits-around+1), true},
		"numbers, one more":     {asJSON, list("0", maxUnits-around+2), false},
		"arrays":                {asJSON, list("[]", maxUnits/3-5), true},
		"arrays, too many":      {asJSON, list("[]", maxUnits/3+5), false},
		"hashes":                {asJSON, list("{}", maxUnits/9-5), true},
		"hashes, too many":      {asJSON, list("{}", maxUnits/9+5), false},
		"members":               {asJSON, list(`{"":0}`, maxUnits/10-5), true},
		"members, too many":     {asJSON, list(`{"":0}`, maxUnits/10+5), false},
		"marks in text":         {asJSON, `{"a":"` + strings.Repeat(`\",{}[]:\\`, maxUnits) + `"}`, true},
		"an array of marks":     {asJSON, list(`",,,,,,,,"`, maxUnits/2), true},
		"hashes in a list":      {asJSON, hashes(1 << 20), false},
		"elements":              {asForm, strings.Repeat("a[]=&", maxUnits-10), true},
		"elements, too many":    {asForm, strings.Repeat("a[]=&", maxUnits), false},
		"pairs of one name":     {asForm, strings.Repeat("a=&", maxUnits+1), false},
		"pairs without name":    {asForm, strings.Repeat("=&", maxUnits+1), false},
		"blank pairs":           {asForm, strings.Repeat("&", maxUnits+1), false},
		"deep pairs":            {asForm, deepForm(85 << 10), true},
		"deep pairs, too many":  {asForm, deepForm(200 << 10), false},
		"deep arrays":           {asForm, strings.Repeat("a"+strings.Repeat("[]", 28)+"=&", maxUnits/100), true},
		"deep arrays, too many": {asForm, strings.Repeat("a"+strings.Repeat("[]", 28)+"=&", maxUnits/50), false},
		"parts":                 {asMultipart, multipartOf("a[]", 50_000), true},
		"parts, too many":       {asMultipart, multipartOf("", maxUnits+1), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := params.Of(contextOf(request("POST", "/", tt.media, tt.body)))
			if tt.fits && err != nil {
				t.Errorf("got %v, want it to fit", err)
			}
			if !tt.fits {
				wantRefusal(t, err, domain.TooLarge, "the request "+tooMany)
			}
		})
	}
}

// The query and the body share one budget.
func TestOf_nodesOfQuery(t *testing.T) {
	t.Parallel()
	half := strings.Repeat("a[]=&", maxUnits*2/3)
	_, err := params.Of(contextOf(request("POST", "/?"+half, asForm, half)))
	wantRefusal(t, err, domain.TooLarge, "the request "+tooMany)
}

// The largest requests that clients send fit.
func TestOf_large(t *testing.T) {
	t.Parallel()
	reconciliation := `{"namespace_id":12345,"next_reconciliation_date":"2021-06-13","display_alert_from":"2021-06-06"},`
	pairs := "list%5B%5D%5Bnamespace_id%5D=12345&list%5B%5D%5Bnext_reconciliation_date%5D=2021-06-13&list%5B%5D%5Bdisplay_alert_from%5D=2021-06-06&"
	tests := map[string]struct{ media, body string }{
		"refs":                    {asJSON, `{"changes":"` + strings.Repeat(strings.Repeat("0", 81)+` refs/heads/{a},[b]:c\n`, 100_000) + `"}`},
		"uuids":                   {asJSON, `{"uuids":[` + strings.Repeat(`"00000001-a000-5000-8000-000000000000",`, 200_000) + `""]}`},
		"push options":            {asForm, strings.Repeat("push_options[]=ci.skip&", 65_000)},
		"reconciliations":         {asJSON, `{"list":[` + strings.Repeat(reconciliation, 1<<20/len(reconciliation)) + `{}]}`},
		"reconciliations, a form": {asForm, strings.Repeat(pairs, 1<<20/len(pairs))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := params.Of(contextOf(request("POST", "/", tt.media, tt.body))); err != nil {
				t.Error(err)
			}
		})
	}
}

// A text that holds JSON has the same limit as a body.
func TestDecode_nodesOfText(t *testing.T) {
	t.Parallel()
	var got struct {
		List []struct{} `param:"list,json"`
	}
	for body, want := range map[string]string{
		"list=" + hashes(170<<10): "",
		"list=" + hashes(1<<20):   "list " + tooMany,
		"list=[{}":                "list is invalid",
		"list=[{}] x":             "list is invalid",
	} {
		err := params.Decode(contextOf(request("POST", "/", asForm, strings.ReplaceAll(body, ",0]", "]"))), &got)
		if want == "" && err != nil {
			t.Errorf("got %v for %d hashes", err, len(got.List))
		} else if want != "" {
			wantRefusal(t, err, domain.Invalid, want)
		}
	}
}

// A request that ends before its turn is refused, not parsed.
func TestOf_endedRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := params.Of(contextOf(request("POST", "/", asJSON, `{"a":1}`).WithContext(ctx)))
	if !errors.Is(err, domain.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want unavailable", err)
	}
}

// Clients that stop in the middle of a body hold up no other one.
func TestOf_silentClients(t *testing.T) {
	t.Parallel()
	var waiting, ended sync.WaitGroup
	silence, stop := context.WithCancel(t.Context())
	for range 64 {
		waiting.Add(1)
		body := &silentReader{Reader: strings.NewReader(`{"a":`), silence: silence, reached: sync.OnceFunc(waiting.Done)}
		r := request("POST", "/", asJSON, "")
		r.Body, r.ContentLength = io.NopCloser(body), 64<<20
		ended.Go(func() { _, _ = params.Of(contextOf(r)) })
	}
	waiting.Wait()
	if _, err := params.Of(contextOf(request("POST", "/", asJSON, `{"a":1}`))); err != nil {
		t.Error(err)
	}
	stop()
	ended.Wait()
}

// silentReader sends what Reader has, then nothing until silence ends.
type silentReader struct {
	io.Reader
	silence context.Context
	reached func()
}

func (r *silentReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil {
		r.reached()
		<-r.silence.Done()
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}

// TestOf_memory is not parallel: it counts what the whole process allocates.
func TestOf_memory(t *testing.T) {
	wide := deepForm(1 << 20)
	const most = 64 << 20 // with the race detector, which keeps fewer buffers for another use
	tests := map[string]struct{ media, body string }{
		"deep form":            {asForm, wide},
		"deep query":           {"", wide},
		"hashes":               {asJSON, `{"a":` + hashes(170<<10) + "}"},
		"too many hashes":      {asJSON, `{"a":` + hashes(2<<20) + "}"},
		"parts":                {asMultipart, multipartOf("", 20_000)},
		"blanks after JSON":    {asJSON, "{}" + strings.Repeat(" ", 2<<20)},
		"invalid elements":     {asJSON, `{"list":[` + strings.Repeat("[],", 80_000) + `[]]}`},
		"invalid packs":        {asJSON, `{"packs":[` + strings.Repeat("0,", 80_000) + `0]}`},
		"names nested too far": {asForm, "a" + strings.Repeat("[]", 1<<20)},
	}
	for name, tt := range tests {
		r := request("POST", "/", tt.media, tt.body)
		if tt.media == "" {
			r = request("GET", "/?"+tt.body, "", "")
		}
		allocated := allocatedBy(func() {
			var got struct {
				List  []string `param:"list"`
				Packs []struct {
					Minutes int64 `param:"minutes"`
				} `param:"packs"`
			}
			_ = params.Decode(contextOf(r), &got)
		})
		if allocated > most {
			t.Errorf("%s: %d bytes allocated for %d, want at most %d", name, allocated, len(tt.body), most)
		}
	}
}

// allocatedBy returns the bytes that do allocates, which do not depend on the machine.
func allocatedBy(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// BenchmarkOf reports how much of 16 MB the tree of the worst bodies takes that fit.
func BenchmarkOf(b *testing.B) {
	for name, tt := range map[string]struct{ media, body string }{
		"deep form":  {asForm, deepForm(85 << 10)},
		"hashes":     {asJSON, `{"a":` + hashes(170<<10) + "}"},
		"members":    {asForm, manyNames(500 << 10)},
		"numbers":    {asJSON, `{"a":[` + strings.Repeat("0,", 250_000) + `0]}`},
		"arrays":     {asJSON, `{"a":[` + strings.Repeat("[0],", 80_000) + `0]}`},
		"JSON names": {asJSON, `{"` + strings.ReplaceAll(strings.TrimSuffix(manyNames(400<<10), "&"), "&", `":0,"`) + `":0}`},
	} {
		b.Run(name, func(b *testing.B) {
			var tree uint64
			for b.Loop() {
				c := contextOf(request("POST", "/", tt.media, tt.body))
				tree = max(tree, keptBy(func() any {
					values, err := params.Of(c)
					if err != nil {
						b.Fatal(err)
					}
					return values
				}))
			}
			b.ReportMetric(float64(tree)/(16<<20), "of-16MB")
		})
	}
}

// keptBy returns the bytes of what do returns.
func keptBy(do func() any) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := do()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc)
}

// manyNames returns pairs without a value, each of another name.
func manyNames(size int) string {
	var text strings.Builder
	for i := 0; text.Len() < size; i++ {
		fmt.Fprintf(&text, "%x&", i)
	}
	return text.String()
}
