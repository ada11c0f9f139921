package source_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

func TestProjectPathOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"My App": "my-app", "my-app": "my-app", "  x  y ": "x-y", "a.b": "a-b", "a_-_b": "a-b", "-lead": "lead", "Ünï": "n", "日本": "", "v1.git": "v1-git", "a_b": "a_b",
	} {
		if got := source.ProjectPathOf(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestProjectRecord_CheckChange(t *testing.T) {
	t.Parallel()
	project := func(change func(*source.ProjectRecord)) source.ProjectRecord {
		p := source.ProjectRecord{
			Project:        source.Project{Path: "acme/app", Visibility: source.Private},
			ProjectProfile: source.ProjectProfile{Name: "App"},
		}
		change(&p)
		return p
	}
	place := source.ProjectPlace{Namespace: "acme", Visibility: source.Internal}
	for name, tt := range map[string]struct {
		change func(*source.ProjectRecord)
		place  func(*source.ProjectPlace)
		want   domain.FieldErrors
	}{
		"as it is":        {},
		"emoji":           {change: func(p *source.ProjectRecord) { p.Name = "🚀 to + the_moon 2.0" }},
		"no name":         {change: func(p *source.ProjectRecord) { p.Name = "" }, want: wrong("name", "can't be blank")},
		"long name":       {change: func(p *source.ProjectRecord) { p.Name = strings.Repeat("ä", 256) }, want: wrong("name", "is too long (maximum is 255 characters)")},
		"sign in front":   {change: func(p *source.ProjectRecord) { p.Name = "-x" }, want: wrong("name", "can begin with a letter, a digit, an emoji or '_', and go on with these, with '.', '+' and '-', and with blanks")},
		"slash in a name": {change: func(p *source.ProjectRecord) { p.Name = "a/b" }, want: wrong("name", "can begin with a letter, a digit, an emoji or '_', and go on with these, with '.', '+' and '-', and with blanks")},
		"name taken": {place: func(in *source.ProjectPlace) { in.NameTaken = true }, want: domain.FieldErrors{
			{Field: "name", Message: "has already been taken"}, {Field: "project_namespace.name", Message: "has already been taken"},
		}},
		"path taken":     {place: func(in *source.ProjectPlace) { in.PathTaken = true }, want: wrong("path", "has already been taken")},
		"no path":        {change: func(p *source.ProjectRecord) { p.Path = "acme/" }, want: wrong("path", "can't be blank")},
		"long path":      {change: func(p *source.ProjectRecord) { p.Path = "acme/" + strings.Repeat("a", 256) }, want: wrong("path", "is too long (maximum is 255 characters)")},
		"reserved":       {change: func(p *source.ProjectRecord) { p.Path = "acme/Tree" }, want: wrong("path", "is a reserved name")},
		"a dash":         {change: func(p *source.ProjectRecord) { p.Path = "acme/-" }, want: wrong("path", "is a reserved name")},
		"two signs":      {change: func(p *source.ProjectRecord) { p.Path = "acme/a--b" }, want: wrong("path", badPath)},
		"slash":          {change: func(p *source.ProjectRecord) { p.Path = "acme/a/b" }, want: wrong("path", badPath)},
		"git":            {change: func(p *source.ProjectRecord) { p.Path = "acme/a.git" }, want: wrong("path", badPath)},
		"wiki":           {change: func(p *source.ProjectRecord) { p.Path = "acme/a.wiki" }, want: wrong("path", badPath)},
		"dot in front":   {change: func(p *source.ProjectRecord) { p.Path = "acme/.github" }},
		"description":    {change: func(p *source.ProjectRecord) { p.Description = strings.Repeat("ä", 2001) }, want: wrong("description", "is too long (maximum is 2000 characters)")},
		"default branch": {change: func(p *source.ProjectRecord) { p.DefaultBranch = "a..b" }, want: wrong("default_branch", "is not a name of a branch")},
		"visibility":     {change: func(p *source.ProjectRecord) { p.Visibility = source.Public }, want: wrong("visibility_level", "public is not allowed in a internal group.")},
		"own namespace":  {change: func(p *source.ProjectRecord) { p.Visibility = source.Public }, place: func(in *source.ProjectPlace) { in.Visibility = "" }},
		"blank topic":    {change: func(p *source.ProjectRecord) { p.Topics = []string{"a", " "} }, want: wrong("topics", "cannot be blank")},
		"many topics":    {change: func(p *source.ProjectRecord) { p.Topics = strings.Split(strings.Repeat("a", 101), "") }, want: wrong("topics", "are too many (maximum is 100)")},
		"long topic":     {change: func(p *source.ProjectRecord) { p.Topics = []string{strings.Repeat("a", 256)} }, want: wrong("topics", "is too long (maximum is 255 characters)")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := place
			if tt.place != nil {
				tt.place(&in)
			}
			if tt.change == nil {
				tt.change = func(*source.ProjectRecord) {}
			}
			p := project(tt.change)
			if diff := cmp.Diff(tt.want, p.CheckChange(source.ProjectRecord{}, in)); diff != "" {
				t.Error(diff)
			}
			p.ID = 1
			if kept := p.CheckChange(p, in); kept != nil {
				t.Errorf("of what was there before: %v", kept)
			}
		})
	}
}

const badPath = "can contain only letters, digits, '_', '-' and '.', cannot start with '-', " +
	"have two of the signs in a row, or end in '.', '.git', '.atom', '.wiki' or '.design'"

func wrong(field, message string) domain.FieldErrors {
	return domain.FieldErrors{{Field: field, Message: message}}
}
