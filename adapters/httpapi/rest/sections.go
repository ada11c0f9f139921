package rest

import (
	"slices"
	"strings"

	"gatehouse/adapters/httpapi"
)

// section is a part of the document with operations of one topic.
type section struct {
	httpapi.Client
	// segments are those of the paths of its operations: each path has one of them.
	segments []string
}

// sections are in the order in which they are searched: the first one that has a segment of
// a path has the path.
var sections = []section{
	{httpapi.Client{Name: "management: access tokens", About: "The tokens of users for this API."}, []string{"personal_access_tokens"}},
	{httpapi.Client{Name: "management: members", About: "Who has which role in a group or project."}, []string{"members", "memberships"}},
	{httpapi.Client{Name: "management: protections", About: "Who may change which branches and tags."}, []string{"protected_branches", "protected_tags"}},
	{httpapi.Client{Name: "management: deploy keys", About: "SSH keys by which machines reach projects."}, []string{"deploy_keys", "project_deploy_keys"}},
	{httpapi.Client{Name: "management: webhooks", About: "Where other servers are told what happens in a project."}, []string{"hooks"}},
	{httpapi.Client{Name: "management: agents", About: "Agents of Kubernetes clusters, and their tokens."}, []string{"cluster_agents"}},
	{httpapi.Client{Name: "management: code", About: "The branches, files and commits of a project."}, []string{"repository"}},
	{httpapi.Client{Name: "management: projects", About: "Projects, and lists of them."}, []string{"projects", "search"}},
	{httpapi.Client{Name: "management: groups", About: "Groups, subgroups and namespaces."}, []string{"groups", "namespaces"}},
	{httpapi.Client{Name: "management: users", About: "Users, their e-mail addresses and their SSH keys."}, []string{"user", "users", "keys"}},
}

var (
	// server is the section of all paths that no other section has.
	server = httpapi.Client{Name: "management: server", About: "The server, its settings and its jobs."}
	// placeholders is the section of fixedRoutes.
	placeholders = httpapi.Client{Name: "management: placeholders", About: "What GitLab has and this server has not: empty lists and refusals, for clients that ask for all of it."}
)

// sectionOf returns the section of an operation.
func sectionOf(o httpapi.Operation) httpapi.Client {
	if slices.ContainsFunc(fixedRoutes, func(r route) bool { return r.Name == o.Name }) {
		return placeholders
	}
	segments := strings.Split(o.Path, "/")
	for _, s := range sections {
		if slices.ContainsFunc(segments, func(segment string) bool { return slices.Contains(s.segments, segment) }) {
			return s.Client
		}
	}
	return server
}
