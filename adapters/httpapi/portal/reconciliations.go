package portal

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// datesParams may hold null, which the record refuses.
type datesParams struct {
	Next      *params.Date `param:"next_reconciliation_date,required"`
	AlertFrom *params.Date `param:"display_alert_from,required"`
}

func (d datesParams) reconciliation(of source.NamespaceID) billing.Reconciliation {
	r := billing.Reconciliation{Namespace: of}
	if d.Next != nil {
		r.Next = d.Next.Time
	}
	if d.AlertFrom != nil {
		r.AlertFrom = d.AlertFrom.Time
	}
	return r
}

type scheduleParams struct {
	List []struct {
		NamespaceID source.NamespaceID `param:"namespace_id,present"`
		datesParams
	} `param:"upcoming_reconciliations,required,unnumbered,json"`
}

// schedule answers PUT /internal/upcoming_reconciliations. The body is the bare
// number that Rails makes of a status.
func (a *API) schedule(c *gin.Context) (any, error) {
	var in scheduleParams
	if err := params.Decode(c, &in); err != nil {
		return nil, err
	}
	list := make([]billing.Reconciliation, len(in.List))
	for i, r := range in.List {
		list[i] = r.reconciliation(r.NamespaceID)
	}
	return http.StatusOK, a.clerk.PutReconciliations(c.Request.Context(), list)
}

// scheduleOne answers PUT …/namespaces/:id/upcoming_reconciliations, for one
// namespace; a list is taken as it is elsewhere.
func (a *API) scheduleOne(c *gin.Context) (any, error) {
	var in datesParams
	values, _ := params.Of(c) // the same error again, below
	if values.Given("upcoming_reconciliations") {
		return a.schedule(c)
	}
	if err := params.Decode(c, &in); err != nil {
		return nil, err
	}
	of, err := a.clerk.NamespaceID(c.Request.Context(), namespace(c, "id"))
	if err != nil {
		return nil, err
	}
	return http.StatusOK, a.clerk.PutReconciliations(c.Request.Context(), []billing.Reconciliation{in.reconciliation(of)})
}

// unschedule answers DELETE /internal/upcoming_reconciliations.
func (a *API) unschedule(c *gin.Context) (any, error) {
	var in struct {
		NamespaceID source.NamespaceID `param:"namespace_id,present"`
	}
	if err := params.Decode(c, &in); err != nil {
		return nil, err
	}
	return a.withdraw(c, in.NamespaceID)
}

// unscheduleOne answers DELETE …/namespaces/:id/upcoming_reconciliations.
func (a *API) unscheduleOne(c *gin.Context) (any, error) {
	if _, err := params.Of(c); err != nil {
		return nil, err
	}
	of, err := a.clerk.NamespaceID(c.Request.Context(), namespace(c, "id"))
	if err != nil {
		return nil, err
	}
	return a.withdraw(c, of)
}

func (a *API) withdraw(c *gin.Context, of source.NamespaceID) (any, error) {
	if err := a.clerk.DeleteReconciliation(c.Request.Context(), of); err != nil {
		return nil, err
	}
	c.Status(http.StatusNoContent)
	return nil, nil
}
