package portal

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain/billing"
)

type minutesParams struct {
	Packs []packParams `param:"packs,required"`
}

// packParams may hold null. A pack with null is refused unless its purchase is kept
// already.
type packParams struct {
	NumberOfMinutes *int32       `param:"number_of_minutes,required"`
	ExpiresAt       *params.Date `param:"expires_at,required"`
	PurchaseXID     *string      `param:"purchase_xid,required"`
}

func (p packParams) purchase() billing.Purchase {
	purchase := billing.Purchase{NumberOfMinutes: p.NumberOfMinutes}
	if p.ExpiresAt != nil {
		purchase.ExpiresAt = p.ExpiresAt.Time
	}
	if p.PurchaseXID != nil {
		purchase.XID = *p.PurchaseXID
	}
	return purchase
}

type packResponse struct {
	NamespaceID     int64  `json:"namespace_id"`
	ExpiresAt       string `json:"expires_at"`
	NumberOfMinutes int32  `json:"number_of_minutes"`
	PurchaseXID     string `json:"purchase_xid"`
}

// addMinutesPacks answers POST /namespaces/:id/minutes.
func (a *API) addMinutesPacks(c *gin.Context) (any, error) {
	var in minutesParams
	if err := params.Decode(c, &in); err != nil {
		return nil, err
	}
	purchases := make([]billing.Purchase, len(in.Packs))
	for i, p := range in.Packs {
		purchases[i] = p.purchase()
	}
	kept, err := a.provisioning.AddMinutesPacks(c.Request.Context(), cause(c), namespace(c, "id"), purchases)
	if err != nil {
		return nil, err
	}
	c.Status(http.StatusCreated)
	out := make([]packResponse, len(kept))
	for i, p := range kept {
		out[i] = packResponse{int64(p.Namespace), p.ExpiresAt.Format(time.DateOnly), p.NumberOfMinutes, p.PurchaseXID}
	}
	return out, nil
}

// moveMinutesPacks answers PATCH /namespaces/:id/minutes/move/:target_id.
func (a *API) moveMinutesPacks(c *gin.Context) (any, error) {
	if _, err := params.Of(c); err != nil {
		return nil, err
	}
	if err := a.provisioning.MoveMinutesPacks(c.Request.Context(), cause(c), namespace(c, "id"), namespace(c, "target_id")); err != nil {
		return nil, err
	}
	c.Status(http.StatusAccepted)
	return messageBody{"202 Accepted"}, nil
}
