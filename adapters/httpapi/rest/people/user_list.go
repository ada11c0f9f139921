package people

import (
	"strconv"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain"
)

// usersParams filter users. A filter that is false picks all.
type usersParams struct {
	Username           string      `param:"username"`
	Search             string      `param:"search"`
	Active             bool        `param:"active"`
	Blocked            bool        `param:"blocked"`
	External           bool        `param:"external"`
	Admins             bool        `param:"admins"`
	Humans             bool        `param:"humans"`
	WithoutProjectBots bool        `param:"without_project_bots"`
	ExcludeActive      bool        `param:"exclude_active"`
	ExcludeExternal    bool        `param:"exclude_external"`
	ExcludeInternal    bool        `param:"exclude_internal"`
	ExcludeHumans      bool        `param:"exclude_humans"`
	CreatedBefore      call.Moment `param:"created_before"`
	CreatedAfter       call.Moment `param:"created_after"`
	PublicEmail        string      `param:"public_email"`
	ExternUID          *string     `param:"extern_uid"`
	Provider           *string     `param:"provider"`
	TwoFactor          switchWord  `param:"two_factor"`
}

// switchWord is "enabled" or "disabled"; empty for neither.
type switchWord string

// Words are the words that it takes.
func (switchWord) Words() []string { return []string{"enabled", "disabled"} }

// ReadParam implements params.Reader.
func (s *switchWord) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, s.Words())
	*s = switchWord(word)
	return problem
}

// userOrders are the orders of users.
var userOrders = call.Orders{
	Names: []string{"id", "name", "username", "created_at", "updated_at"}, Descending: true,
	Keyset: []string{"id", "name", "username", "created_at", "updated_at"},
}

// filter returns the filter of the parameters; none says that it picks no user.
func (p usersParams) filter() (f accounts.Filter, none bool) {
	pick := func(only, without bool) *bool {
		if only && without {
			none = true
		}
		switch {
		case only:
			return new(true)
		case without:
			return new(false)
		default:
			return nil
		}
	}
	f = accounts.Filter{
		Username: p.Username, Search: p.Search, PublicEmail: p.PublicEmail, Blocked: p.Blocked,
		Active: pick(p.Active, p.ExcludeActive), External: pick(p.External, p.ExcludeExternal), Humans: pick(p.Humans, p.ExcludeHumans),
		Admins: pick(p.Admins, false), Bots: pick(false, p.WithoutProjectBots), Internal: pick(false, p.ExcludeInternal),
		TwoFactor:    pick(p.TwoFactor == "enabled", p.TwoFactor == "disabled"),
		CreatedAfter: p.CreatedAfter.Time, CreatedBefore: p.CreatedBefore.Time,
	}
	call.Set(&f.ExternUID, p.ExternUID)
	call.Set(&f.Provider, p.Provider)
	return f, none
}

// users answers GET /users.
func (a *API) users(c *call.Call) (any, error) {
	var in usersParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if (in.ExternUID == nil) != (in.Provider == nil) {
		return nil, errAllOrNone
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	filter, none := in.filter()
	filter.ExactFirst = !c.Given("order_by") && !c.Given("sort")
	views, err := a.useCases.Accounts.Views(c.Context(), c.Caller, filter, page)
	if err != nil {
		return nil, err
	}
	if none {
		views = application.Listed[accounts.View]{}
	}
	position := func(v accounts.View) application.Position { return userPosition(v, page.Order) }
	if c.Caller.Admin {
		return call.AnswerList(c, page, views, position, a.adminUser)
	}
	return call.AnswerList(c, page, views, position, func(v accounts.View) entity.BasicUser { return a.instance.BasicUser(v.User) })
}

// errAllOrNone refuses one of the two parameters of an identity without the other.
var errAllOrNone = domain.Refuse(domain.Invalid, "extern_uid, provider provide all or none of parameters")

// userPosition returns the place of a user in an order.
func userPosition(v accounts.View, order string) application.Position {
	at := application.Position{ID: int64(v.ID)}
	switch order {
	case "name":
		at.Value = v.Name
	case "username":
		at.Value = v.Username
	case "created_at":
		at.Value = call.PositionMoment(v.CreatedAt)
	case "updated_at":
		at.Value = call.PositionMoment(v.UpdatedAt)
	default:
		at.Value = strconv.FormatInt(at.ID, 10)
	}
	return at
}
