package params_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi/params"
)

type (
	hash = map[string]any
	list = []any
)

func TestOf_rack(t *testing.T) {
	t.Parallel()
	tests := map[string]any{
		"":                            nil,
		"&&=1&":                       nil,
		"t":                           "",
		"t=":                          "",
		"t=1":                         "1",
		"t=1&t=2":                     "2",
		"t=a=b":                       "a=b",
		"t=a+b%20c%2B":                "a b c+",
		"t=a;b":                       "a;b",
		"t=%ff":                       "\uFFFD",
		"t[]=1":                       list{"1"},
		"t[]=1&t[]=2&t[]=":            list{"1", "2", ""},
		"t%5B%5D=1":                   list{"1"},
		"t[][]=1&t[][]=2":             list{list{"1"}, list{"2"}},
		"t[a]=1":                      hash{"a": "1"},
		"t[a]=1&t[b]=2&t[a]=3":        hash{"a": "3", "b": "2"},
		"t[a][b][c]=1":                hash{"a": hash{"b": hash{"c": "1"}}},
		"t[a][]=1&t[a][]=2":           hash{"a": list{"1", "2"}},
		"t[0]=1&t[1]=2":               hash{"0": "1", "1": "2"},
		"t[][x]=1&t[][y]=2&t[][x]=3":  list{hash{"x": "1", "y": "2"}, hash{"x": "3"}},
		"t[][x]=1&t[][x]=2&t[][y]=3":  list{hash{"x": "1"}, hash{"x": "2", "y": "3"}},
		"t[]=1&t[][x]=2":              list{"1", hash{"x": "2"}},
		"t[][x][y]=1&t[][x][z]=2":     list{hash{"x": hash{"y": "1", "z": "2"}}},
		"t[][x][y]=1&t[][x][y]=2":     list{hash{"x": hash{"y": "1"}}, hash{"x": hash{"y": "2"}}},
		"t[][x][]=1&t[][x][]=2":       list{hash{"x": list{"1", "2"}}},
		"t[][x]=1&t[][l][]=2&t[][x]=": list{hash{"x": "1", "l": list{"2"}}, hash{"x": ""}},
		"x[t]=1&t[t]=2":               hash{"t": "2"},
		"t[a=1&t]b=2&[t]=3&t[a]b=4":   nil,
	}
	for encoded, want := range tests {
		t.Run(encoded, func(t *testing.T) {
			t.Parallel()
			got, err := tree(encoded)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("t (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOf_manyPushOptions(t *testing.T) {
	t.Parallel()
	got, err := tree(strings.Repeat("t[]=x&", 50_000))
	if err != nil || len(got.(list)) != 50_000 {
		t.Errorf("got %d options, %v", len(got.(list)), err)
	}
}

// FuzzForm parses any form. It also makes a tree of the same bytes, writes it as a
// form and looks for a difference after reading that.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"", "t=1", "t[a]=1&t[b][]=2", "t[][x]=1&t[][y]=2&t[][x]=3", "t=1&t[b]=2", "%zz=%", "t[[]]=]", "[]=1&[=2&]=3",
		"t[][][][a]=1&=&t[][][][a]=2", "\x02\x03\x01a\x02bc", "t[" + strings.Repeat("a][", 40) + "]=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = tree(text)

		seeds := grower{text}
		want := seeds.hash(4)
		got, err := tree(encode("t", want))
		if err != nil {
			t.Fatalf("%s: %v", encode("t", want), err)
		}
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", encode("t", want), diff)
		}
	})
}

// tree returns the parameter t of a form.
func tree(encoded string) (any, error) {
	var dst struct {
		Tree any `param:"t"`
	}
	err := params.Decode(contextOf(request("POST", "/", asForm, encoded)), &dst)
	return dst.Tree, err
}

// encode writes a tree as Rails' clients do, with the members of a hash in the
// order of their names.
func encode(name string, node any) string {
	var pairs []string
	switch node := node.(type) {
	case string:
		return url.QueryEscape(name) + "=" + url.QueryEscape(node)
	case list:
		for _, element := range node {
			pairs = append(pairs, encode(name+"[]", element))
		}
	case hash:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			pairs = append(pairs, encode(name+"["+key+"]", node[key]))
		}
	}
	return strings.Join(pairs, "&")
}

// grower makes trees from bytes. They are trees that a form can express: without
// empty values and arrays in arrays, and the hashes of an array begin with the same
// scalar.
type grower struct {
	bytes string
}

func (g *grower) next(below int) int {
	if g.bytes == "" {
		return 0
	}
	n := int(g.bytes[0])
	g.bytes = g.bytes[1:]
	return n % below
}

func (g *grower) text() string {
	n := min(g.next(16), len(g.bytes))
	text := g.bytes[:n]
	g.bytes = g.bytes[n:]
	return strings.ToValidUTF8(text, "\uFFFD")
}

func (g *grower) hash(depth int) hash {
	grown := hash{}
	for i := range 1 + g.next(4) {
		key := strings.NewReplacer("[", "", "]", "").Replace(g.text())
		grown[fmt.Sprintf("%s%d", key, i)] = g.node(depth - 1)
	}
	return grown
}

func (g *grower) list(depth int) list {
	var grown list
	hashes := g.next(2) == 1
	for range 1 + g.next(4) {
		if !hashes {
			grown = append(grown, g.text())
			continue
		}
		element := g.hash(depth - 1)
		element["\x00"] = g.text()
		grown = append(grown, element)
	}
	return grown
}

func (g *grower) node(depth int) any {
	kind := g.next(3)
	switch {
	case kind == 1 && depth > 0:
		return g.hash(depth)
	case kind == 2 && depth > 0:
		return g.list(depth)
	default:
		return g.text()
	}
}
