package contract

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gatehouse/application/inventory"
	"gatehouse/bootstrap"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// look reads everything back, and asks for standings, push contexts and actors
// that it draws now.
func (w *walk) look() func(ctx context.Context, p bootstrap.Ports) string {
	at, byPath, byNumber := w.now, w.questionsByPath(), w.questionsByNumber()
	return func(ctx context.Context, p bootstrap.Ports) string {
		var out strings.Builder
		for _, thing := range inventory.Names() {
			records, err := p.Inventory.List(ctx, thing, at)
			fields := inventory.Things[thing]
			if slices.Contains(unnamed, thing) {
				fields = fields[1:]
			}
			if thing == "jobs" { // when they are due is by the machine's clock, not ours
				fields = []string{"kind", "state", "attempt"}
			}
			fmt.Fprintln(&out, thing, outcome("", err))
			for _, record := range records {
				fmt.Fprintln(&out, " ", subject.Line(record, fields...))
			}
		}
		for _, q := range slices.Concat(byPath, byNumber) {
			standing, err := p.Directory.Standing(ctx, q)
			slices.SortFunc(standing.Project.Protections, func(a, b source.Protection) int {
				return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Pattern, b.Pattern))
			})
			fmt.Fprintln(&out, "standing of", q.Claim, "in", q.Target, outcome(written(standing), err))
		}
		for _, q := range byNumber[:4] {
			got, err := p.PushContexts.PushContext(ctx, q.Claim, q.Target.Repository, at)
			fmt.Fprintln(&out, "push context", outcome(written(got), err))
			actor, err := p.Actors.Actor(ctx, q.Claim)
			fmt.Fprintln(&out, "actor", outcome(written(actor), err))
		}
		for _, print := range prints {
			card, err := p.Actors.KeyByFingerprint(ctx, print)
			fmt.Fprintln(&out, "key", print, outcome(written(card), err))
		}
		return out.String()
	}
}

// questionsByPath are some for users at paths.
func (w *walk) questionsByPath() (all []source.Inquiry) {
	for range 6 {
		path := source.Path(w.path() + pick(w.Rand, "", "", ".wiki", ".design"))
		all = append(all, source.Inquiry{Claim: identity.ClaimName(pick(w.Rand, people...)), Target: source.Target{Path: path}, Now: w.now})
	}
	return all
}

// questionsByNumber are some for users and keys in projects: there are more than
// a step has time for.
func (w *walk) questionsByNumber() (all []source.Inquiry) {
	for range 10 {
		who := pick(w.Rand, identity.Claim{Kind: identity.ByUser, ID: 1 + w.Int64N(4)}, identity.Claim{Kind: identity.ByKey, ID: 31 + w.Int64N(4)})
		where := source.Target{Repository: source.RepositoryID{Kind: source.RepositoryKind(w.IntN(3)), ID: 21 + w.Int64N(4)}}
		all = append(all, source.Inquiry{Claim: who, Target: where, Refs: w.IntN(2) == 0, Now: w.now})
	}
	return all
}

// written is a value as text, in which no list is as good as an empty one.
func written(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(string(text), "null", "[]")
}

// maskChosen writes # for the numbers that a store chooses, 1000 to 1999. The
// texts are long, and a regular expression takes most of a walk's time.
func maskChosen(text string) string {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && (isDigit(text[end]) || isLetter(text[end])) {
			end++
		}
		switch word := text[i:end]; {
		case word == "":
			out = append(out, text[i])
			end++
		case len(word) == 4 && word[0] == '1' && strings.Trim(word, "0123456789") == "":
			out = append(out, '#')
		default:
			out = append(out, word...)
		}
		i = end
	}
	return string(out)
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }
