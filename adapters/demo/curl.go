package demo

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// headerOrder is the order in which the documentation's commands name headers.
var headerOrder = []string{"Gitlab-Shared-Secret", "Gitlab-Kas-Api-Request", "Authorization", "Content-Type", "TOKEN", "PRIVATE-TOKEN"}

// PrintSecondAct writes the calls of the second act as Print does, behind a heading.
func PrintSecondAct(w io.Writer, base, database string, calls []Example) error {
	if _, err := fmt.Fprintf(w, "# %s\n\n", secondAct); err != nil {
		return err
	}
	return Print(w, base, database, calls)
}

// Print writes each example, its words filled in, as a command that calls the
// server at the URL base. database is the server's, for the commands that apply
// an example's world to it.
func Print(w io.Writer, base, database string, examples []Example) error {
	for _, e := range examples {
		if _, err := fmt.Fprintf(w, "# %s\n%s%s\n\n", e.Title, e.applyCommand(database), e.curl(base)); err != nil {
			return err
		}
	}
	return nil
}

// applyCommand returns the command that applies the example's world to a
// database; empty without a world.
func (e Example) applyCommand(database string) string {
	if e.World == "" {
		return ""
	}
	return "gatehouse apply --database " + quote(database) + " - <<'EOF'\n" + e.World + "EOF\n"
}

// curl returns the call as a command for a shell.
func (r Request) curl(base string) string {
	lines := []string{"curl --request " + r.Method()}
	for _, header := range r.curlHeaders() {
		lines = append(lines, "--header "+quote(header))
	}
	data := r.Data
	if r.JSON != nil {
		data = []string{string(r.JSON)}
	}
	for _, part := range data {
		lines = append(lines, "--data "+quote(part))
	}
	return strings.Join(append(lines, quote(base+r.Path())), " \\\n     ")
}

// curlHeaders returns the headers that curl has to be told: it names a form's
// type by itself.
func (r Request) curlHeaders() []string {
	names := []string{}
	if r.JSON != nil {
		names = append(names, "Content-Type")
	}
	for name := range r.Headers {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(headerOrder, a), slices.Index(headerOrder, b)), strings.Compare(a, b))
	})
	header := r.Header()
	for i, name := range names {
		names[i] = name + ": " + header.Get(name)
	}
	return names
}

// quote makes one word of text for a shell, and leaves a backslash alone.
func quote(text string) string {
	if strings.ContainsAny(text, "\"$`!") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return `"` + text + `"`
}
