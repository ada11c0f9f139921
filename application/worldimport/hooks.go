package worldimport

import (
	"context"

	"gatehouse/domain/hooks"
)

// Hook describes where events of a project, or of all projects below a group,
// are sent. The natural key is the number or, if that is 0, the group or project with the
// URL: of several hooks with one URL it is the first.
type Hook struct {
	FileLine
	// Group or Project is a path; the other is empty.
	Group, Project string
	// Hook.ID is 0 for the next free number. Hook.Health is not read from here.
	Hook hooks.Hook
}

func (h Hook) number() int64 { return int64(h.Hook.ID) }

func (i *importer) hook(ctx context.Context, d Hook) {
	shown := d.Hook.DisplayURL()
	if i.invalid(d.Line, "hook", shown, hooks.CheckURL(d.Hook.Target()), hooks.CheckToken(d.Hook.Token), hooks.CheckBranches(d.Hook.Strategy, d.Hook.Branches),
		hooks.CheckHeaders(d.Hook.Headers), hooks.CheckVariables(d.Hook.Variables)) {
		return
	}
	in, ok := i.memberSource(ctx, d.Line, d.Group, d.Project)
	if !ok {
		return
	}
	kept, exists, ok := load(i, func() (KeptHook, error) { return i.tx.Current.Hook(ctx, in, d.Hook) })
	if !ok {
		return
	}
	base := d.Hook
	base.CreatedAt = i.now
	if exists {
		base = kept.Hook
	}
	h := mergeHooks(base, d).Hook
	h.ID = base.ID
	if i.changes(exists, compareHooks(kept, in, h)) {
		h.UpdatedAt = i.now
		err := i.tx.Hooks.Put(ctx, in, h)
		if i.checkPut(err, d.Line, "hook", shown) {
			i.record(sourceObject(in, i.step.in), d.number())
		}
	}
}
