package worldimport

import (
	"context"

	"gatehouse/domain/hooks"
)

// Hook describes where events of a project, or of all projects below a group,
// are sent. The natural key is the group or project with the URL.
type Hook struct {
	FileLine
	// Group or Project is a path; the other is empty.
	Group, Project string
	// Hook.ID is 0 for the next free number. Hook.Health is not read from here.
	Hook hooks.Hook
}

func (h Hook) number() int64 { return int64(h.Hook.ID) }

func (i *importer) hook(ctx context.Context, h Hook) {
	shown := h.Hook.DisplayURL()
	if i.invalid(h.Line, "hook", shown, hooks.CheckURL(h.Hook.URL), hooks.CheckToken(h.Hook.Token), hooks.CheckBranches(h.Hook.Branches)) {
		return
	}
	in, ok := i.memberSource(ctx, h.Line, h.Group, h.Project)
	if !ok {
		return
	}
	if i.changes(func() (comparison, error) {
		old, err := i.tx.Current.Hook(ctx, in, h.Hook)
		return compareHooks(old, in, h.Hook), err
	}) {
		err := i.tx.Hooks.Put(ctx, in, h.Hook)
		if i.checkPut(i.explainHook(ctx, err, in, h.Hook), h.Line, "hook", shown) {
			i.record(sourceObject(in, i.step.in), h.number())
		}
	}
}
