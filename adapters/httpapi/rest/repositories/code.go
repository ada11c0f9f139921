package repositories

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"strconv"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/application"
	"gatehouse/application/code"
	"gatehouse/domain"
	"gatehouse/domain/rights"
)

// codeRoutes read the code of projects and commit to it.
var codeRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/repository/branches", Name: "listBranches", Summary: "List the branches of a project",
		Who: call.SignedIn, Params: branchFilter{}, List: true, Orders: branchOrders, Answer: branch{},
	}, Handle: call.InPath(rights.Project, (*API).listBranches)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/repository/branches/:branch", Name: "getBranch", Summary: "Show a branch of a project",
		Who: call.SignedIn, Answer: branch{},
	}, Handle: call.InPath(rights.Project, (*API).showBranch)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/repository/tree", Name: "listTree", Summary: "List a folder of a project, folders first",
		Who: call.SignedIn, Params: treeParams{}, List: true, Answer: treeEntry{},
	}, Handle: call.InPath(rights.Project, (*API).listTree)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/repository/files/:file_path", Name: "getFile",
		Summary: fmt.Sprintf("Show a file of at most %d bytes with its content, or only its headers", maxShown),
		Who:     call.SignedIn, Params: refParams{}, Answer: httpapi.Answer{Status: http.StatusOK, Body: file{}, Headers: fileHeaders},
	}, Handle: call.InPath(rights.Project, (*API).showFile)},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/projects/:id/repository/files/:file_path/raw", Name: "getRawFile", Summary: "Send the content of a file",
		Who: call.SignedIn, Params: refParams{}, Answer: httpapi.Answer{Status: http.StatusOK, Body: "", Media: rawMedia, Headers: rawHeaders},
	}, Handle: call.InPath(rights.Project, (*API).sendFile)},
	{Route: call.Route{
		Method: http.MethodPost, Path: "/projects/:id/repository/commits", Name: "createCommit", Summary: "Create a commit with changes of files",
		Who: call.SignedIn, Params: commitParams{}, Status: http.StatusCreated, Answer: newCommit{},
	}, Handle: call.InPath(rights.Project, (*API).createCommit)},
}

// branchOrders are the orders of lists of branches.
var branchOrders = call.Orders{
	Names: []string{"name"},
	Words: map[string]call.Ordered{
		"name_asc": {Name: "name"}, "updated_asc": {Name: byUpdate}, "updated_desc": {Name: byUpdate, Descending: true},
	},
}

const byUpdate = "updated"

// branchFilter are the parameters of lists of branches.
type branchFilter struct {
	Search string `param:"search"`
	Regex  string `param:"regex"`
}

// query returns the query of the parameters.
func (f branchFilter) query(page application.Page) (q code.BranchQuery, err error) {
	q.Window = windowOf(page)
	if page.Order == byUpdate {
		q.Order = code.OldestFirst
		if page.Descending {
			q.Order = code.NewestFirst
		}
	}
	switch {
	case f.Search != "" && f.Regex != "":
		return q, call.Exclusive("search", "regex")
	case f.Search != "":
		q.Match = code.MatchTerm(f.Search)
	case f.Regex != "":
		pattern, err := regexp.Compile(f.Regex)
		if err != nil {
			return q, domain.Refuse(domain.Invalid, "regex %s", params.IsInvalid)
		}
		q.Match = pattern.MatchString
	}
	return q, nil
}

func windowOf(page application.Page) code.Window {
	return code.Window{Offset: page.Offset, Size: page.Size}
}

// listBranches answers GET …/repository/branches.
func (a *API) listBranches(c *call.Call, on rights.Ref) (any, error) {
	var in branchFilter
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	q, err := in.query(page)
	if err != nil {
		return nil, err
	}
	l, err := a.useCases.Code.Branches(c.Context(), c.Caller, on, q)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, l, nil, a.branch)
}

// showBranch answers GET …/repository/branches/:branch.
func (a *API) showBranch(c *call.Call, on rights.Ref) (any, error) {
	b, err := a.useCases.Code.Branch(c.Context(), c.Caller, on, c.Param("branch"))
	if err != nil {
		return nil, err
	}
	return a.branch(b), nil
}

// treeParams are the parameters of a folder.
type treeParams struct {
	Path      string `param:"path"`
	Ref       string `param:"ref"`
	Recursive bool   `param:"recursive"`
}

// listTree answers GET …/repository/tree.
func (a *API) listTree(c *call.Call, on rights.Ref) (any, error) {
	var in treeParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	q := code.TreeQuery{Revision: in.Ref, Path: in.Path, Recursive: in.Recursive, Window: windowOf(page)}
	l, err := a.useCases.Code.Tree(c.Context(), c.Caller, on, q)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, l, nil, newTreeEntry)
}

// refParams are the parameters of a file.
type refParams struct {
	Ref string `param:"ref"`
}

// maxShown is the size of the largest file that is shown with its content, in bytes.
const maxShown = 10 << 20

// open returns the file that a request names, and the ref in it.
func (a *API) open(c *call.Call, on rights.Ref) (code.File, string, error) {
	var in refParams
	if err := c.Decode(&in); err != nil {
		return code.File{}, "", err
	}
	f, err := a.useCases.Code.File(c.Context(), c.Caller, on, c.Param("file_path"), in.Ref)
	return f, cmp.Or(in.Ref, "HEAD"), err
}

// showFile answers GET …/repository/files/:file_path. The headers alone are sent of a file of
// any size.
func (a *API) showFile(c *call.Call, on rights.Ref) (any, error) {
	f, ref, err := a.open(c, on)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if f.Size > maxShown && !c.Head() {
		return nil, domain.Refuse(domain.Unprocessable, "The file has %d bytes, and at most %d are shown. Ask for it raw", f.Size, maxShown)
	}
	hash := sha256.New()
	var content []byte
	if c.Head() {
		_, err = io.Copy(hash, f)
	} else if content, err = io.ReadAll(io.LimitReader(f, maxShown)); err == nil {
		_, _ = hash.Write(content) // which never fails
	}
	if err != nil {
		return nil, errUnreadable.Because(err)
	}
	shown := newFile(f, ref, hex.EncodeToString(hash.Sum(nil)))
	setFileHeaders(c, shown)
	shown.Content = base64.StdEncoding.EncodeToString(content)
	return shown, nil
}

var errUnreadable = domain.Refuse(domain.Unavailable, "The file cannot be read at the moment. Try again later.")

// rawMedia is the media type of every raw file: none is run by a browser.
const rawMedia = "text/plain"

// sendFile answers GET …/repository/files/:file_path/raw.
func (a *API) sendFile(c *call.Call, on rights.Ref) (any, error) {
	f, ref, err := a.open(c, on)
	if err != nil {
		return nil, err
	}
	setFileHeaders(c, newFile(f, ref, ""))
	c.SetHeader("Content-Disposition", contentDisposition(path.Base(f.Path)))
	return httpapi.Stream{Media: rawMedia, Size: f.Size, ReadCloser: f}, nil
}

// fileHeader is a header that tells what the JSON form of a file tells.
type fileHeader struct {
	name, about string
	number      bool
	of          func(file) string
}

var fileHeaderList = []fileHeader{
	{"X-Gitlab-Blob-Id", "The blob of the file.", false, func(f file) string { return f.BlobID }},
	{"X-Gitlab-Commit-Id", "The commit at which the file is read.", false, func(f file) string { return f.CommitID }},
	{"X-Gitlab-Content-Sha256", "The SHA-256 of the content, in hexadecimal digits.", false, func(f file) string { return f.ContentSHA256 }},
	{"X-Gitlab-Encoding", "The encoding of the content in JSON.", false, func(f file) string { return f.Encoding }},
	{"X-Gitlab-Execute-Filemode", "Whether the file is executable.", false, func(f file) string { return strconv.FormatBool(f.ExecuteFilemode) }},
	{"X-Gitlab-File-Name", "The last part of the path.", false, func(f file) string { return f.FileName }},
	{"X-Gitlab-File-Path", "The path from the root of the repository.", false, func(f file) string { return f.FilePath }},
	{"X-Gitlab-Last-Commit-Id", "The last commit that changed the file.", false, func(f file) string { return f.LastCommitID }},
	{"X-Gitlab-Ref", "The ref that was asked for.", false, func(f file) string { return f.Ref }},
	{"X-Gitlab-Size", "The size of the file in bytes.", true, func(f file) string { return strconv.FormatInt(f.Size, 10) }},
}

// fileHeaders are those of a file in JSON; a raw one lacks the hash, which is known only
// after it is read.
var fileHeaders, rawHeaders = describedHeaders(false), describedHeaders(true)

func describedHeaders(raw bool) (out []httpapi.Parameter) {
	for _, h := range fileHeaderList {
		if !raw || h.name != "X-Gitlab-Content-Sha256" {
			out = append(out, httpapi.Parameter{Name: h.name, In: "header", Number: h.number, About: h.about})
		}
	}
	return out
}

func setFileHeaders(c *call.Call, f file) {
	for _, h := range fileHeaderList {
		if value := h.of(f); value != "" {
			c.SetHeader(h.name, headerText(value))
		}
	}
}
