package repositories

import (
	"cmp"
	"slices"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/application/projects"
	"gatehouse/domain"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// featureWord is a source.Feature; empty if it is absent.
type featureWord source.Feature

// Words are the words that it takes.
func (featureWord) Words() []string { return call.Texts(source.Features) }

// ReadParam implements params.Reader.
func (w *featureWord) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, w.Words())
	*w = featureWord(word)
	return problem
}

// formatWord is the object format of a repository; empty if it is absent.
type formatWord string

// Words are the words that it takes.
func (formatWord) Words() []string { return []string{"sha1", "sha256"} }

// ReadParam implements params.Reader.
func (w *formatWord) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, w.Words())
	*w = formatWord(word)
	return problem
}

// projectParams are the parameters of a project that stay as they are if they are absent.
type projectParams struct {
	Name              *string             `param:"name"`
	Path              *string             `param:"path"`
	DefaultBranch     *string             `param:"default_branch"`
	Description       *string             `param:"description"`
	Visibility        call.VisibilityWord `param:"visibility"`
	LFSEnabled        *bool               `param:"lfs_enabled"`
	RepositoryAccess  featureWord         `param:"repository_access_level"`
	WikiAccess        featureWord         `param:"wiki_access_level"`
	WikiEnabled       *bool               `param:"wiki_enabled"`
	RepositoryStorage *string             `param:"repository_storage"`
	Topics            call.Names          `param:"topics" api:"[]string,string"`
	TagList           call.Names          `param:"tag_list" api:"[]string,string"`
	ExpirationPolicy  policyParams        `param:"container_expiration_policy_attributes" api:"no-effect"`
}

// policyParams are the members of the policy by which a container registry is cleaned up.
type policyParams struct {
	Cadence       *string `param:"cadence"`
	Enabled       *bool   `param:"enabled"`
	KeepN         *int64  `param:"keep_n"`
	OlderThan     *string `param:"older_than"`
	NameRegex     *string `param:"name_regex"`
	NameRegexKeep *string `param:"name_regex_keep"`
}

// values returns the members that are given, or a Refusal of one that has none of its values.
func (p policyParams) values() (map[string]any, error) {
	out := map[string]any{}
	put := func(name string, given bool, value func() any) {
		if given {
			out[name] = value()
		}
	}
	put("cadence", p.Cadence != nil, func() any { return *p.Cadence })
	put("enabled", p.Enabled != nil, func() any { return *p.Enabled })
	put("keep_n", p.KeepN != nil, func() any { return *p.KeepN })
	put("older_than", p.OlderThan != nil, func() any { return *p.OlderThan })
	put("name_regex", p.NameRegex != nil, func() any { return *p.NameRegex })
	put("name_regex_keep", p.NameRegexKeep != nil, func() any { return *p.NameRegexKeep })
	for name, value := range out {
		if of, _ := remembered.ContainerExpirationPolicies.Find(name); !of.IsValid(value) {
			return nil, call.NoValidValue("container_expiration_policy_attributes[" + name + "]")
		}
	}
	return out, nil
}

// newProjectParams are the parameters of a new project beside projectParams.
type newProjectParams struct {
	InitializeWithReadme bool       `param:"initialize_with_readme"`
	ObjectFormat         formatWord `param:"repository_object_format"`
	// These are refused: nothing is imported here.
	ImportURL         string `param:"import_url"`
	TemplateName      string `param:"template_name"`
	TemplateProjectID *int64 `param:"template_project_id"`
	UseCustomTemplate bool   `param:"use_custom_template"`
}

// namespaceParams say where a new project is.
type namespaceParams struct {
	NamespaceID *int64 `param:"namespace_id"`
}

// refuseImport refuses to take the repository of a project from elsewhere.
func (p newProjectParams) refuseImport() error {
	given := map[string]bool{
		"import_url": p.ImportURL != "", "template_name": p.TemplateName != "", "template_project_id": p.TemplateProjectID != nil, "use_custom_template": p.UseCustomTemplate,
	}
	var names []string
	for _, name := range []string{"import_url", "template_name", "template_project_id"} {
		if given[name] {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 1:
		return call.Exclusive(names...)
	case len(names) == 1:
		return domain.WrongField(names[0], "is not supported")
	case given["use_custom_template"]:
		return domain.WrongField("use_custom_template", "is not supported")
	}
	return nil
}

// apply returns the function that writes the parameters of a request into a project, but for
// the default branch.
func (p projectParams) apply(c *call.Call) (func(*source.ProjectRecord) error, error) {
	given, err := c.Remembered(remembered.ProjectParameters)
	if err != nil {
		return nil, err
	}
	policy, err := p.ExpirationPolicy.values()
	if err != nil {
		return nil, err
	}
	if len(policy) > 0 {
		given["container_expiration_policy_attributes"] = policy
	}
	return func(r *source.ProjectRecord) error {
		call.Set(&r.Name, p.Name)
		if c.Given("description") {
			r.Description = ""
			call.Set(&r.Description, p.Description)
		}
		r.Visibility = cmp.Or(source.Visibility(p.Visibility), r.Visibility)
		call.Set(&r.LFS, p.LFSEnabled)
		r.Repository = cmp.Or(source.Feature(p.RepositoryAccess), r.Repository)
		switch {
		case p.WikiAccess != "":
			r.Wiki = source.Feature(p.WikiAccess)
		case p.WikiEnabled != nil && *p.WikiEnabled != (r.Wiki != source.FeatureDisabled):
			r.Wiki = source.FeatureDisabled
			if *p.WikiEnabled {
				r.Wiki = source.FeatureEnabled
			}
		}
		if p.RepositoryStorage != nil && *p.RepositoryStorage != "" {
			r.Storage = *p.RepositoryStorage
		}
		if c.Given("topics") || c.Given("tag_list") {
			r.Topics = slices.Clone(p.TagList)
			if c.Given("topics") {
				r.Topics = slices.Clone(p.Topics)
			}
		}
		r.Settings = remembered.ProjectChanges(r.Settings, given)
		return nil
	}, nil
}

// nonEmpty returns the text that a pointer holds; empty for none.
func nonEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// newProject returns the project that a request describes.
func newProject(c *call.Call) (projects.NewProject, error) {
	var in struct {
		projectParams
		newProjectParams
		namespaceParams
	}
	if err := c.Decode(&in); err != nil {
		return projects.NewProject{}, err
	}
	if !c.Has("name") && !c.Has("path") {
		return projects.NewProject{}, call.AtLeastOne("name", "path")
	}
	if err := in.refuseImport(); err != nil {
		return projects.NewProject{}, err
	}
	apply, err := in.apply(c)
	if err != nil {
		return projects.NewProject{}, err
	}
	out := projects.NewProject{
		Name: nonEmpty(in.Name), Path: nonEmpty(in.Path), Visibility: source.Visibility(in.Visibility), WithReadme: in.InitializeWithReadme,
		Change: func(r *source.ProjectRecord) error {
			name := r.Name
			if err := apply(r); err != nil {
				return err
			}
			r.Name = cmp.Or(r.Name, name) // an empty one is derived
			r.DefaultBranch, r.ObjectFormat = nonEmpty(in.DefaultBranch), string(in.ObjectFormat)
			return nil
		},
	}
	if in.NamespaceID != nil {
		if out.Namespace = source.NamespaceID(*in.NamespaceID); out.Namespace < 1 {
			out.Namespace = -1 // nothing has it, while 0 stands for the caller's own
		}
	}
	return out, nil
}

// projectChange returns how a request changes a project.
func projectChange(c *call.Call) (projects.Change, error) {
	var in projectParams
	if err := c.Decode(&in); err != nil {
		return projects.Change{}, err
	}
	if !slices.ContainsFunc(changeable, c.Given) {
		return projects.Change{}, call.AtLeastOne(changeable...)
	}
	apply, err := in.apply(c)
	if err != nil {
		return projects.Change{}, err
	}
	out := projects.Change{Apply: func(r *source.ProjectRecord) error {
		if in.Path != nil {
			*r = r.Renamed(*in.Path)
		}
		return apply(r)
	}}
	if c.Has("default_branch") {
		out.DefaultBranch = in.DefaultBranch
	}
	return out, nil
}

// changeable are the parameters of which a change of a project has at least one. An avatar is
// accepted and dropped.
var changeable = slices.Concat([]string{
	"name", "path", "default_branch", "description", "visibility", "lfs_enabled", "repository_access_level", "wiki_access_level", "wiki_enabled",
	"repository_storage", "topics", "tag_list", "avatar",
}, names(remembered.ProjectParameters))

func names(t remembered.Table) []string {
	out := make([]string, len(t))
	for i, p := range t {
		out[i] = p.Name
	}
	return out
}
