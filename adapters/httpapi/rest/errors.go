package rest

import (
	"strings"

	"gatehouse/domain"
)

// atLeastOne refuses a request without any of the parameters.
func atLeastOne(names ...string) error {
	return domain.Refuse(domain.Invalid, "%s are missing, at least one parameter must be provided", strings.Join(names, ", "))
}

// exclusive refuses a request with several of the parameters.
func exclusive(names ...string) error {
	return domain.Refuse(domain.Invalid, "%s are mutually exclusive", strings.Join(names, ", "))
}
