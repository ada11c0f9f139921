package portal

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/provisioning"
	"gatehouse/domain/billing"
)

// terms are the parameters of a subscription, without its start.
type terms struct {
	EndDate            *params.Date `param:"end_date"`
	PlanCode           *string      `param:"plan_code"`
	Plan               *string      `param:"plan"`
	Seats              *int32       `param:"seats"`
	MaxSeatsUsed       *int32       `param:"max_seats_used"`
	AutoRenew          *bool        `param:"auto_renew"`
	Trial              *bool        `param:"trial"`
	TrialStartsOn      *params.Date `param:"trial_starts_on"`
	TrialEndsOn        *params.Date `param:"trial_ends_on"`
	TrialExtensionType *int32       `param:"trial_extension_type"`
}

type createParams struct {
	StartDate *params.Date `param:"start_date,required"`
	terms
}

type updateParams struct {
	StartDate *params.Date `param:"start_date"`
	terms
}

// change returns the change that the parameters ask for. Null clears a field; a
// parameter that is absent leaves the field as it is.
func (t terms) change(values params.Values, start *params.Date) billing.Change {
	plan := given(values, "plan_code", t.PlanCode)
	if !plan.Given { // the name in GitLab's own example
		plan = given(values, "plan", t.Plan)
	}
	return billing.Change{
		Plan:      plan,
		StartDate: given(values, "start_date", date(start)), EndDate: given(values, "end_date", date(t.EndDate)),
		Seats: given(values, "seats", t.Seats), MaxSeatsUsed: given(values, "max_seats_used", t.MaxSeatsUsed),
		AutoRenew: given(values, "auto_renew", t.AutoRenew), Trial: given(values, "trial", t.Trial),
		TrialStartsOn:  given(values, "trial_starts_on", date(t.TrialStartsOn)),
		TrialEnds:      given(values, "trial_ends_on", date(t.TrialEndsOn)),
		TrialExtension: given(values, "trial_extension_type", t.TrialExtensionType),
	}
}

func given[T any](values params.Values, name string, value *T) billing.Field[T] {
	return billing.Field[T]{Given: values.Given(name), Value: value}
}

func date(d *params.Date) *time.Time {
	if d == nil {
		return nil
	}
	return &d.Time
}

// createSubscription answers POST /namespaces/:id/gitlab_subscription.
func (a *API) createSubscription(c *gin.Context) (any, error) {
	var in createParams
	values, err := decode(c, &in)
	if err != nil {
		return nil, err
	}
	view, err := a.provisioning.CreateSubscription(c.Request.Context(), cause(c), namespace(c, "id"), in.change(values, in.StartDate))
	c.Status(http.StatusCreated)
	return subscriptionAnswer(c, view, err)
}

// updateSubscription answers PUT /namespaces/:id/gitlab_subscription.
func (a *API) updateSubscription(c *gin.Context) (any, error) {
	var in updateParams
	values, err := decode(c, &in)
	if err != nil {
		return nil, err
	}
	view, err := a.provisioning.UpdateSubscription(c.Request.Context(), cause(c), namespace(c, "id"), in.change(values, in.StartDate))
	return subscriptionAnswer(c, view, err)
}

// decode is params.Decode that returns the parameters as well.
func decode(c *gin.Context, into any) (params.Values, error) {
	err := params.Decode(c, into)
	values, _ := params.Of(c) // its error is err
	return values, err
}

// subscriptionAnswer answers with a subscription. It logs a plan that is not
// configured here, and does not refuse it: the portal knows new plans first.
func subscriptionAnswer(c *gin.Context, s provisioning.SubscriptionView, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	if s.UnknownPlan != "" {
		_ = c.Error(fmt.Errorf("there is no plan %.100q, so that none was booked", s.UnknownPlan))
	}
	return newSubscriptionResponse(s), nil
}

// subscription answers GET /namespaces/:id/gitlab_subscription.
func (a *API) subscription(c *gin.Context) (any, error) {
	if _, err := params.Of(c); err != nil {
		return nil, err
	}
	view, ok, err := a.provisioning.Subscription(c.Request.Context(), caller(c), namespace(c, "id"))
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return subscriptionResponse{}, nil
	default:
		return newSubscriptionResponse(view), nil
	}
}

// subscriptionResponse has every member, even for a namespace without a
// subscription.
type subscriptionResponse struct {
	Plan    planResponse    `json:"plan"`
	Usage   usageResponse   `json:"usage"`
	Billing billingResponse `json:"billing"`
}

type planResponse struct {
	Code          *string `json:"code"`
	Name          *string `json:"name"`
	Trial         *bool   `json:"trial"`
	AutoRenew     *bool   `json:"auto_renew"`
	Upgradable    *bool   `json:"upgradable"`
	ExcludeGuests *bool   `json:"exclude_guests"`
}

type usageResponse struct {
	SeatsInSubscription *int32 `json:"seats_in_subscription"`
	SeatsInUse          *int32 `json:"seats_in_use"`
	MaxSeatsUsed        *int32 `json:"max_seats_used"`
	SeatsOwed           *int32 `json:"seats_owed"`
}

type billingResponse struct {
	StartDate   *string `json:"subscription_start_date"`
	EndDate     *string `json:"subscription_end_date"`
	TrialEndsOn *string `json:"trial_ends_on"`
}

func newSubscriptionResponse(s provisioning.SubscriptionView) subscriptionResponse {
	out := subscriptionResponse{
		Plan:  planResponse{Trial: &s.Trial, AutoRenew: s.AutoRenew, Upgradable: &s.Upgradable, ExcludeGuests: &s.ExcludesGuests},
		Usage: usageResponse{&s.Seats, &s.SeatsInUse, &s.MaxSeatsUsed, &s.SeatsOwed},
		Billing: billingResponse{
			StartDate: isoDate(s.StartDate), EndDate: isoDate(s.EndDate), TrialEndsOn: isoDate(s.TrialEnds),
		},
	}
	if s.Plan.Code != "" {
		title := cmp.Or(s.Plan.Title, s.Plan.Code)
		out.Plan.Code, out.Plan.Name = &s.Plan.Code, &title
	}
	return out
}

// isoDate returns nil for the zero time.
func isoDate(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.Format(time.DateOnly)
	return &text
}
