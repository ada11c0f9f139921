package portal

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

// datesParams may hold null, which billing refuses.
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

type reconciliationsParams struct {
	List []struct {
		reconciliationParams
		datesParams
	} `param:"upcoming_reconciliations,required,unnumbered,json"`
}

// putReconciliations answers PUT /internal/upcoming_reconciliations. The body is the
// status as a number, as Rails writes it.
func (a *API) putReconciliations(c *gin.Context) (any, error) {
	var in reconciliationsParams
	if err := params.Decode(c, &in); err != nil {
		return nil, err
	}
	if len(in.List) == 1 { // the refusal of several names each
		logNamespaceID(c, in.List[0].NamespaceID)
	}
	list := make([]billing.Reconciliation, len(in.List))
	for i, r := range in.List {
		list[i] = r.reconciliation(r.NamespaceID)
	}
	return http.StatusOK, a.provisioning.PutReconciliations(c.Request.Context(), cause(c), list)
}

// putReconciliation answers PUT …/namespaces/:id/upcoming_reconciliations, for one
// namespace. With a list it does the same as putReconciliations.
func (a *API) putReconciliation(c *gin.Context) (any, error) {
	var in datesParams
	values, _ := params.Of(c) // params.Decode returns the error again
	if values.Given("upcoming_reconciliations") {
		return a.putReconciliations(c)
	}
	if err := params.Decode(c, &in); err != nil {
		return nil, err
	}
	of, err := a.provisioning.NamespaceID(c.Request.Context(), namespace(c, "id"))
	if err != nil {
		return nil, err
	}
	return http.StatusOK, a.provisioning.PutReconciliations(c.Request.Context(), cause(c), []billing.Reconciliation{in.reconciliation(of)})
}

type reconciliationParams struct {
	NamespaceID source.NamespaceID `param:"namespace_id,present"`
}

// deleteReconciliation answers DELETE /internal/upcoming_reconciliations.
func (a *API) deleteReconciliation(c *gin.Context) (any, error) {
	var in reconciliationParams
	if err := params.Decode(c, &in); err != nil {
		return nil, err
	}
	logNamespaceID(c, in.NamespaceID)
	return a.deleteByID(c, in.NamespaceID)
}

// logNamespaceID names a namespace in the log line of a refusal.
func logNamespaceID(c *gin.Context, id source.NamespaceID) {
	httpapi.AddLogFields(c, "namespace", strconv.FormatInt(int64(id), 10))
}

// deleteNamespaceReconciliation answers DELETE …/namespaces/:id/upcoming_reconciliations.
func (a *API) deleteNamespaceReconciliation(c *gin.Context) (any, error) {
	if _, err := params.Of(c); err != nil {
		return nil, err
	}
	of, err := a.provisioning.NamespaceID(c.Request.Context(), namespace(c, "id"))
	if err != nil {
		return nil, err
	}
	return a.deleteByID(c, of)
}

func (a *API) deleteByID(c *gin.Context, of source.NamespaceID) (any, error) {
	if err := a.provisioning.DeleteReconciliation(c.Request.Context(), cause(c), of); err != nil {
		return nil, err
	}
	c.Status(http.StatusNoContent)
	return nil, nil
}
