package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Player makes the calls of examples.
type Player struct {
	// Base is the URL of the server, without a slash at the end.
	Base string
	// Apply applies the text of a world file to the server's data.
	Apply func(ctx context.Context, world string) error
}

// Play makes the calls of examples whose words are filled in, one after the
// other, and writes each call and its answer to w. It returns an error that
// names the examples which were not answered as documented.
func (p Player) Play(ctx context.Context, w io.Writer, examples []Example) error {
	if failed := p.play(ctx, w, examples); len(failed) > 0 {
		return fmt.Errorf("%d of %d examples were not answered as documented: %s", len(failed), len(examples), strings.Join(failed, ", "))
	}
	_, err := fmt.Fprintf(w, "All %d examples were answered as documented.\n", len(examples))
	return err
}

// PlaySecondAct makes the calls of the second act as Play does, and returns an error that
// names those which were not answered as the act tells.
func (p Player) PlaySecondAct(ctx context.Context, w io.Writer, calls []Example) error {
	if _, err := fmt.Fprintf(w, "\n%s\n\n", secondAct); err != nil {
		return err
	}
	if failed := p.play(ctx, w, calls); len(failed) > 0 {
		return fmt.Errorf("%d of %d calls of the second act were not answered as expected: %s", len(failed), len(calls), strings.Join(failed, ", "))
	}
	_, err := fmt.Fprintln(w, "Nora was refused before she was a member, and may push now.")
	return err
}

// secondAct is its heading.
const secondAct = "Second act: a group, a project, a key and a member by the management API, and what Git is told then"

// play makes the calls and returns the titles of those that were not answered as they say.
func (p Player) play(ctx context.Context, w io.Writer, calls []Example) (failed []string) {
	for _, e := range calls {
		if !p.playOne(ctx, w, e) {
			failed = append(failed, e.Title)
		}
	}
	return failed
}

// playOne reports whether the call was answered as its file says.
func (p Player) playOne(ctx context.Context, w io.Writer, e Example) bool {
	_, _ = fmt.Fprintf(w, "== %s\n\n", e.Title)
	if e.World != "" {
		_, _ = fmt.Fprintf(w, "where this is there:\n%s\n", e.World)
	}
	_, _ = fmt.Fprintf(w, "%s\n\n", e.curl(p.Base))
	answer, body, err := p.call(ctx, e)
	if err != nil {
		_, _ = fmt.Fprintf(w, "no answer: %v\n\n", err)
		return false
	}
	verdict, note := "as documented", ""
	if e.partly {
		verdict = "as expected"
		var left int
		if answer, left = answer.only(e.Answer); left > 0 {
			note = fmt.Sprintf(" … and %d members more", left)
		}
		body = answer.Body
	}
	_, _ = fmt.Fprintf(w, "%d %s\n%s%s\n\n", answer.Status, http.StatusText(answer.Status), indent(body), note)
	if differences := e.Answer.differences(answer); len(differences) > 0 {
		_, _ = fmt.Fprintf(w, "NOT %s:\n  %s\n\n", verdict, strings.Join(differences, "\n  "))
		return false
	}
	_, _ = fmt.Fprintf(w, "%s\n\n", verdict)
	return true
}

// call applies the example's world and makes the call as curl would. It returns
// the answer and its body before secrets were masked.
func (p Player) call(ctx context.Context, e Example) (Answer, []byte, error) {
	if e.World != "" {
		if err := p.Apply(ctx, e.World); err != nil {
			return Answer{}, nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, e.Method(), p.Base+e.Path(), strings.NewReader(e.Content()))
	if err != nil {
		return Answer{}, nil, err
	}
	request.Header = e.Header()
	request.Close = true
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return NewAnswer(response.StatusCode, response.Header, body), body, err
}

// indent writes JSON on several lines, and anything else as it is.
func indent(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		return string(body)
	}
	return out.String()
}
