package repositories

import (
	"fmt"
	"mime"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"

	"gatehouse/application/code"
)

// commitEntity is a commit.
type commitEntity struct {
	ID             string            `json:"id"`
	ShortID        string            `json:"short_id"`
	CreatedAt      string            `json:"created_at" api:"date-time"`
	ParentIDs      []string          `json:"parent_ids"`
	Title          string            `json:"title"`
	Message        string            `json:"message"`
	AuthorName     string            `json:"author_name"`
	AuthorEmail    string            `json:"author_email"`
	AuthoredDate   string            `json:"authored_date" api:"date-time"`
	CommitterName  string            `json:"committer_name"`
	CommitterEmail string            `json:"committer_email"`
	CommittedDate  string            `json:"committed_date" api:"date-time"`
	Trailers       map[string]string `json:"trailers"`
	WebURL         string            `json:"web_url"`
}

// newCommit is a commit that was just created. What it changed is not counted.
type newCommit struct {
	commitEntity
	Status    *string `json:"status"`
	ProjectID int64   `json:"project_id"`
}

// branch is a branch with its last commit.
type branch struct {
	Name               string       `json:"name"`
	Commit             commitEntity `json:"commit"`
	Merged             bool         `json:"merged"`
	Protected          bool         `json:"protected"`
	DevelopersCanPush  bool         `json:"developers_can_push"`
	DevelopersCanMerge bool         `json:"developers_can_merge"`
	CanPush            bool         `json:"can_push"`
	Default            bool         `json:"default"`
	WebURL             string       `json:"web_url"`
}

func (a *API) branch(v code.BranchView) branch {
	return branch{
		Name: v.Name, Commit: a.commit(v.Commit, v.Project), Protected: v.Protected, DevelopersCanPush: v.DevelopersPush,
		DevelopersCanMerge: v.DevelopersMerge, CanPush: v.MayPush, Default: v.Default, WebURL: a.page(v.Project, "tree", v.Name),
	}
}

// page is the address of a page of a project.
func (a *API) page(project, kind, name string) string {
	return a.instance.ExternalURL + "/" + project + "/-/" + kind + "/" + (&url.URL{Path: name}).EscapedPath()
}

// shortID is the length of a short id of a commit.
const shortID = 8

func (a *API) commit(c code.Commit, project string) commitEntity {
	parents := make([]string, len(c.Parents))
	for i, id := range c.Parents {
		parents[i] = string(id)
	}
	return commitEntity{
		ID: string(c.ID), ShortID: string(c.ID)[:min(len(c.ID), shortID)], CreatedAt: moment(c.Committer.At), ParentIDs: parents,
		Title: c.Title, Message: c.Message, AuthorName: c.Author.Name, AuthorEmail: c.Author.Email, AuthoredDate: moment(c.Author.At),
		CommitterName: c.Committer.Name, CommitterEmail: c.Committer.Email, CommittedDate: moment(c.Committer.At),
		Trailers: map[string]string{}, WebURL: a.page(project, "commit", string(c.ID)),
	}
}

// moment is the moment of a commit, which GitLab shows in the zone in which it was made.
func moment(at time.Time) string { return at.Format("2006-01-02T15:04:05.000Z07:00") }

// treeEntry is an entry of a folder.
type treeEntry struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Path string `json:"path"`
	Mode string `json:"mode"`
}

func newTreeEntry(e code.Entry) treeEntry {
	return treeEntry{ID: string(e.ID), Name: path.Base(e.Path), Type: string(e.Type), Path: e.Path, Mode: fmt.Sprintf("%06o", e.Mode)}
}

// file is a file with its content.
type file struct {
	FileName        string `json:"file_name"`
	FilePath        string `json:"file_path"`
	Size            int64  `json:"size"`
	Encoding        string `json:"encoding"`
	ContentSHA256   string `json:"content_sha256"`
	Ref             string `json:"ref"`
	BlobID          string `json:"blob_id"`
	CommitID        string `json:"commit_id"`
	LastCommitID    string `json:"last_commit_id"`
	ExecuteFilemode bool   `json:"execute_filemode"`
	Content         string `json:"content"`
}

func newFile(f code.File, ref, hash string) file {
	return file{
		FileName: path.Base(f.Path), FilePath: f.Path, Size: f.Size, Encoding: string(asBase64), ContentSHA256: hash, Ref: ref,
		BlobID: string(f.ID), CommitID: string(f.Commit), LastCommitID: string(f.LastCommit), ExecuteFilemode: f.Executable,
	}
}

// headerText returns a text as a header can have it.
func headerText(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// contentDisposition lets browsers show a file, under its name if they save it.
func contentDisposition(name string) string {
	return mime.FormatMediaType("inline", map[string]string{"filename": name})
}
