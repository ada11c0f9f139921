package directory

import (
	"context"
	"strings"

	"gatehouse/domain/hooks"
)

// Hook describes where events of a project, or of all projects below a group,
// are sent. The natural key is the group or project with the URL.
type Hook struct {
	Entry
	// Group or Project is a path; the other is empty.
	Group, Project string
	// Hook.ID is 0 for the next free number; Hook.Token is as it was described,
	// stores get it sealed. Hook.Health is not read from here.
	Hook hooks.Hook
}

func (h Hook) number() int64 { return int64(h.Hook.ID) }

func (f *filing) hook(ctx context.Context, h Hook) {
	shown := h.Hook.Shown()
	if f.wrong(h.Line, "hook", shown, WrongHookURL(h.Hook.URL), WrongHookBranches(h.Hook)) {
		return
	}
	in, ok := f.holder(ctx, h.Line, h.Group, h.Project)
	if !ok {
		return
	}
	if h.Hook.Token != "" {
		h.Hook.Token = f.seal(h.Hook.Token)
	}
	f.kept(f.to.Hooks.PutHook(ctx, in, h.Hook), h.Line, "hook", shown)
}

// WrongHookURL returns what is wrong with the address of a hook, or nothing.
func WrongHookURL(text string) string {
	scheme, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	switch {
	case scheme != "http" && scheme != "https", host == "", strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return "its url must be like https://ci.example.com/hook"
	case strings.Contains(text, "#"):
		return "its url must not have a fragment"
	}
	return ""
}

// WrongHookBranches returns what is wrong with the branch filter of a hook, or
// nothing.
func WrongHookBranches(h hooks.Hook) string {
	if strings.HasPrefix(string(h.Branches), "refs/") {
		return "its branch filter is for short names, such as main or release/*, which do not begin with refs/"
	}
	return ""
}
