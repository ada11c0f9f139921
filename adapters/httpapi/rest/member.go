package rest

import (
	"strconv"
	"strings"
	"time"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/application/members"
	"gatehouse/domain/identity"
)

// member is a member of a group or project.
type member struct {
	basicUser
	AccessLevel     int64      `json:"access_level"`
	CreatedAt       *string    `json:"created_at" api:"date-time,null"`
	CreatedBy       *basicUser `json:"created_by"`
	ExpiresAt       *string    `json:"expires_at" api:"date,null"`
	MembershipState string     `json:"membership_state"`
	// Email is null for those who are no owners.
	Email *string `json:"email"`
}

func (a *API) member(v members.View) member {
	out := member{
		basicUser: a.basicUser(v.User), AccessLevel: int64(v.Role), CreatedAt: momentOrNull(v.CreatedAt), ExpiresAt: dayOrNull(v.ExpiresAt),
		MembershipState: "active", Email: textOrNull(v.User.Email),
	}
	if v.Creator.Known() {
		out.CreatedBy = new(a.basicUser(v.Creator))
	}
	return out
}

// expiry is a parameter that is the day on which something ends: empty for never.
type expiry struct{ day time.Time }

// Explain says how it is written, with an example.
func (expiry) Explain() (text, example string) {
	return "A date, in any form that is not ambiguous; empty for no end.", "2021-06-13"
}

// ReadParam implements params.Reader.
func (e *expiry) ReadParam(value any) (problem string) {
	text, isText := value.(string)
	if isText && strings.TrimSpace(text) == "" {
		return ""
	}
	day, ok := params.ParseDate(text)
	if !ok {
		return params.IsInvalid
	}
	e.day = day.Time
	return ""
}

// names is a parameter of several texts: an array, or one text with commas. Numbers are
// texts too.
type names []string

// ReadParam implements params.Reader.
func (n *names) ReadParam(value any) (problem string) {
	list, isList := value.([]any)
	if !isList {
		text, problem := params.Text(value)
		if problem != "" {
			return problem
		}
		for part := range strings.SplitSeq(text, ",") {
			list = append(list, part)
		}
	}
	*n = names{}
	for _, element := range list {
		text, problem := params.Text(element)
		if problem != "" {
			return problem
		}
		if text = strings.TrimSpace(text); text != "" {
			*n = append(*n, text)
		}
	}
	return ""
}

// ids is a parameter of several numbers of rows, as names has several texts.
type ids []int64

// ReadParam implements params.Reader.
func (n *ids) ReadParam(value any) (problem string) {
	var texts names
	if problem := texts.ReadParam(value); problem != "" {
		return problem
	}
	*n = ids{}
	for _, text := range texts {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return params.IsInvalid
		}
		*n = append(*n, id)
	}
	return ""
}

// users returns the numbers as those of users; nil if they were not given.
func (n ids) users() (users []identity.UserID) {
	if n != nil {
		users = []identity.UserID{}
	}
	for _, id := range n {
		users = append(users, identity.UserID(id))
	}
	return users
}
