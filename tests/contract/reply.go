package contract

import "net/http"

// reply is what came back from the routes of a caller.
type reply struct {
	status int
	body   string
	header http.Header
}

// The bodies of refusals that callers share.
const (
	unauthorized = `{"message":"401 Unauthorized"}`
	mayNot       = `{"message":"403 Forbidden"}`
	noRoute      = `{"error":"404 Not Found"}`
)
