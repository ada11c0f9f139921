package worldimport

import "context"

func (i *importer) agent(ctx context.Context, a Agent) {
	project, ok := i.projectID(ctx, a.Line, a.Project)
	createdBy, creatorOK := i.optionalUserID(ctx, a.Line, a.CreatedBy)
	if ok && creatorOK && i.changes(func() (comparison, error) {
		old, err := i.tx.Credentials.Agent(ctx, project, a)
		return compareAgents(old, project, createdBy, a), err
	}) {
		err := i.tx.Credentials.PutAgent(ctx, project, createdBy, a)
		i.checkPut(err, a.Line, "agent", a.Name)
	}
}
