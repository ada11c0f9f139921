package worldimport

import (
	"context"

	"gatehouse/domain/source"
)

func (i *importer) agent(ctx context.Context, a Agent) {
	project, ok := i.projectID(ctx, a.Line, a.Project)
	createdBy, creatorOK := i.optionalUserID(ctx, a.Line, a.CreatedBy)
	if ok && creatorOK && i.changes(func() (comparison, error) {
		old, err := i.tx.Credentials.Agent(ctx, project, a)
		return compareAgents(old, project, createdBy, a), err
	}) {
		err := i.tx.Credentials.PutAgent(ctx, project, createdBy, a)
		if i.checkPut(i.explainAgent(ctx, err, project, a), a.Line, "agent", a.Name) {
			i.record(sourceObject(source.MemberSource{Project: project}, a.Project), a.ID)
		}
	}
}
