package rest

import (
	"strconv"
	"strings"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/projects"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// projectParams are the parameters of a project that is shown.
type projectParams struct {
	Statistics bool `param:"statistics"`
}

// projectFilter are the parameters of lists of projects.
type projectFilter struct {
	Archived          *bool          `param:"archived"`
	Active            *bool          `param:"active"`
	Visibility        visibilityWord `param:"visibility"`
	Search            string         `param:"search"`
	SearchNamespaces  bool           `param:"search_namespaces"`
	Owned             bool           `param:"owned"`
	Membership        bool           `param:"membership"`
	Starred           bool           `param:"starred"`
	Imported          bool           `param:"imported"`
	MinAccessLevel    memberRole     `param:"min_access_level" api:"integer"`
	Simple            bool           `param:"simple"`
	Topic             names          `param:"topic" api:"[]string,string"`
	IDAfter           int64          `param:"id_after"`
	IDBefore          int64          `param:"id_before"`
	ActivityAfter     moment         `param:"last_activity_after"`
	ActivityBefore    moment         `param:"last_activity_before"`
	UpdatedAfter      moment         `param:"updated_after"`
	UpdatedBefore     moment         `param:"updated_before"`
	WithIssues        bool           `param:"with_issues_enabled"`
	WithMergeRequests bool           `param:"with_merge_requests_enabled"`
	Storage           string         `param:"repository_storage"`
	PendingDelete     bool           `param:"include_pending_delete"`
	MarkedOn          params.Date    `param:"marked_for_deletion_on"`
	Language          string         `param:"with_programming_language"`
	Statistics        bool           `param:"statistics"`
}

// memberRole is a parameter that is a role of members.
type memberRole source.Role

// ReadParam implements params.Reader.
func (r *memberRole) ReadParam(value any) (problem string) {
	text, problem := params.Text(value)
	if problem != "" || strings.TrimSpace(text) == "" {
		return problem
	}
	number, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return params.IsInvalid
	case !rights.IsMemberRole(source.Role(number)):
		return params.NoValidValue
	}
	*r = memberRole(number)
	return ""
}

// filter returns the filter of the parameters; none is true if it can pick no project: no
// project is starred, imported or marked, and the languages of none are known.
func (p projectFilter) filter(by rights.Caller) (f projects.Filter, none bool, err error) {
	if (p.Storage != "" || p.PendingDelete) && !by.Admin {
		return f, false, by.OnInstance(rights.AdminAllResources).Decide()
	}
	f = projects.Filter{
		LeastRole: source.Role(p.MinAccessLevel), Search: p.Search, SearchPaths: p.SearchNamespaces, Visibility: source.Visibility(p.Visibility),
		Storage: p.Storage, Archived: p.Archived, Topics: p.Topic, IDAfter: p.IDAfter, IDBefore: p.IDBefore,
		ActiveAfter: p.ActivityAfter.Time, ActiveBefore: p.ActivityBefore.Time, UpdatedAfter: p.UpdatedAfter.Time, UpdatedBefore: p.UpdatedBefore.Time,
		PendingDelete: p.PendingDelete,
	}
	none = p.Starred || p.Imported || p.Language != "" || !p.MarkedOn.IsZero()
	if p.Membership {
		f.LeastRole = max(f.LeastRole, source.Guest)
	}
	if p.Owned {
		f.LeastRole = source.Owner
	}
	if p.Active != nil {
		archived := !*p.Active
		none = none || p.Archived != nil && *p.Archived != archived
		f.Archived = &archived
	}
	if p.WithIssues {
		f.Features = append(f.Features, "issues_access_level")
	}
	if p.WithMergeRequests {
		f.Features = append(f.Features, "merge_requests_access_level")
	}
	return f, none, nil
}
