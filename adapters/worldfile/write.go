package worldfile

import (
	"bufio"
	"context"
	"io"
	"iter"

	"gatehouse/application/worldimport"
)

// heading explains a file that Write has written.
const heading = `# Written by gatehouse export: all users, groups, projects and what belongs to them, as gatehouse apply takes them.
# Each row has all of its members, so that to apply it brings the row back to this, also the default branch of a project and whether it is
# empty, which pushes change. What a comment says is left out stays as it is; a new row gets the default of it.
# A digest is that of a token: who has it cannot sign in, but may tell whether a text is the token.
# Not in this file: what users and servers do (pushes, jobs, deliveries, audit events, counters, findings, last uses), recovery codes and
# sessions of second factors, tokens that are not personal, and the history of subscriptions.
`

// secretsLeftOut is the heading of a file without secrets.
const secretsLeftOut = `# Secrets are left out: those of one-time passwords and of hooks. export --secrets writes them.
`

// secretsWritten is the heading of a file with secrets.
const secretsWritten = `# This file has secrets: those of one-time passwords and of hooks. Keep it as safe as the database.
`

// Write writes all contents as a world file, row by row: the same contents as the same
// text. It says in the file whether secrets are among them. Report is called with the
// number of rows that are written. What Parse would not read is left out, with a comment.
func Write(ctx context.Context, out io.Writer, c worldimport.Contents, secrets bool, report func(rows int)) error {
	w := &writer{out: bufio.NewWriter(out), report: report}
	about := heading + secretsLeftOut
	if secrets {
		about = heading + secretsWritten
	}
	if _, err := w.out.WriteString(about); err != nil {
		return err
	}
	writeRows(w, "users", c.People.Users(ctx), writeUser)
	writeRows(w, "groups", c.Tree.Groups(ctx), writeGroup)
	writeRows(w, "projects", c.Tree.Projects(ctx), writeProject)
	writeRows(w, "members", c.Tree.Members(ctx), writeMember)
	writeRows(w, "shares", c.Tree.Shares(ctx), writeShare)
	writeRows(w, "keys", c.People.Keys(ctx), writeKey)
	writeRows(w, "deploy_keys", c.People.DeployKeys(ctx), writeDeployKey)
	writeRows(w, "access_tokens", c.People.AccessTokens(ctx), writeAccessToken)
	writeRows(w, "agents", c.People.Agents(ctx), writeAgent)
	writeRows(w, "broadcast_messages", c.Others.Broadcasts(ctx), writeBroadcast)
	writeRows(w, "hooks", c.Tree.Hooks(ctx), writeHook)
	writeRows(w, "subscriptions", c.Others.Subscriptions(ctx), writeSubscription)
	writeRows(w, "packs", c.Others.Packs(ctx), writePack)
	writeRows(w, "reconciliations", c.Others.Reconciliations(ctx), writeReconciliation)
	if w.failed != nil {
		return w.failed
	}
	return w.out.Flush()
}

// writer writes sections.
type writer struct {
	out    *bufio.Writer
	report func(int)
	rows   int
	// failed is the first error; after it nothing is written.
	failed error
}

// writeRows writes a section, unless it has no rows.
func writeRows[Row any](w *writer, name string, rows iter.Seq2[Row, error], write func(*rowWriter, Row)) {
	if w.failed != nil {
		return
	}
	before := name + ":\n"
	for row, err := range rows {
		r := new(rowWriter)
		if w.failed = err; err == nil {
			write(r, row)
			_, w.failed = w.out.WriteString(before + r.String())
		}
		if w.failed != nil {
			return
		}
		before = ""
		w.rows++
		w.report(w.rows)
	}
}
