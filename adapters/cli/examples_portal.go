package cli

import "net/http"

// The access token of the demo world's administrator.
const adminToken = "demo-administrator-token"

var (
	withToken        = []string{"TOKEN: " + adminToken}
	withPrivateToken = []string{"PRIVATE-TOKEN: " + adminToken}
	withTokenAndJSON = append([]string{withJSON}, withPrivateToken...)
)

// eighty is the subscription that the documentation changes and reads, which is
// not the one that it creates.
const eighty = `subscriptions:
  - {namespace: premium-customer, plan_code: premium, start_date: 2020-07-15, end_date: 2021-07-15,
     seats: 80, seats_in_use: 82, max_seats_used: 82, seats_owed: 2}
`

// portalExamples are those of the customers portal. Of a subscription's plan
// the documentation has a name and an upgrade that GitLab itself contradicts:
// they are configuration here, and not compared.
var portalExamples = []example{
	{
		title:  "Creating a subscription",
		method: http.MethodPost, path: "/api/v4/namespaces/1234/gitlab_subscription?start_date=2020-07-15&plan=premium&seats=10", headers: withToken,
		status: http.StatusCreated,
		answer: `{
  "plan": {
    "code": "premium",
    "trial": false,
    "auto_renew": null
  },
  "usage": {
    "seats_in_subscription": 10,
    "seats_in_use": 1,
    "max_seats_used": 0,
    "seats_owed": 0
  },
  "billing": {
    "subscription_start_date": "2020-07-15",
    "subscription_end_date": null,
    "trial_ends_on": null
  }
}`,
	},
	{
		title:  "Updating a subscription",
		method: http.MethodPut, path: "/api/v4/namespaces/1234/gitlab_subscription?max_seats_used=0", headers: withToken,
		world:  eighty,
		status: http.StatusOK,
		answer: `{
  "plan": {
    "code": "premium",
    "trial": false,
    "auto_renew": null,
    "upgradable": false
  },
  "usage": {
    "seats_in_subscription": 80,
    "seats_in_use": 82,
    "max_seats_used": 0,
    "seats_owed": 2
  },
  "billing": {
    "subscription_start_date": "2020-07-15",
    "subscription_end_date": "2021-07-15",
    "trial_ends_on": null
  }
}`,
	},
	{
		title:  "Retrieving a subscription",
		method: http.MethodGet, path: "/api/v4/namespaces/1234/gitlab_subscription", headers: withToken,
		world:  eighty,
		status: http.StatusOK,
		answer: `{
  "plan": {
    "code": "premium",
    "trial": false,
    "auto_renew": null,
    "upgradable": false,
    "exclude_guests": false
  },
  "usage": {
    "seats_in_subscription": 80,
    "seats_in_use": 82,
    "max_seats_used": 82,
    "seats_owed": 2
  },
  "billing": {
    "subscription_start_date": "2020-07-15",
    "subscription_end_date": "2021-07-15",
    "trial_ends_on": null
  }
}`,
	},
	{
		title:  "Creating an additional pack",
		method: http.MethodPost, path: "/api/v4/namespaces/123/minutes", headers: withTokenAndJSON,
		data: []string{`{
    "packs": [
      {
        "number_of_minutes": 10000,
        "expires_at": "2022-01-01",
        "purchase_xid": "46952fe69bebc1a4de10b2b4ff439d0c"
      }
    ]
  }`},
		status: http.StatusCreated,
		answer: `[
  {
    "namespace_id": 123,
    "expires_at": "2022-01-01",
    "number_of_minutes": 10000,
    "purchase_xid": "46952fe69bebc1a4de10b2b4ff439d0c"
  }
]`,
	},
	{
		title:  "Moving additional packs",
		method: http.MethodPatch, path: "/api/v4/namespaces/123/minutes/move/321", headers: withPrivateToken,
		status: http.StatusAccepted,
		answer: `{
  "message": "202 Accepted"
}`,
	},
	{
		title:  "Updating upcoming_reconciliations",
		method: http.MethodPut, path: "/api/v4/internal/upcoming_reconciliations", headers: withTokenAndJSON,
		data: []string{`{"upcoming_reconciliations": [{"namespace_id": 127, "next_reconciliation_date": "13 Jun 2021", "display_alert_from": "06 Jun 2021"}, ` +
			`{"namespace_id": 129, "next_reconciliation_date": "12 Jun 2021", "display_alert_from": "05 Jun 2021"}]}`},
		status: http.StatusOK,
		answer: `200`,
	},
	{
		title:  "Deleting an upcoming_reconciliation",
		method: http.MethodDelete, path: "/api/v4/internal/upcoming_reconciliations?namespace_id=22", headers: withPrivateToken,
		status: http.StatusNoContent,
	},
}
