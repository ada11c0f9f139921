package routing

import (
	"slices"
	"sync"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/docspage"
	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/httpapi/openapi"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/adapters/httpapi/rest"
	"gatehouse/adapters/httpapi/shell"
)

// Operations describes all routes of a kind of listener.
func Operations(apis APIs, settings Settings, kind Listener) []httpapi.Operation {
	var all []httpapi.Operation
	add := func(served bool, prefix string, operations []httpapi.Operation) {
		if served {
			all = slices.Concat(all, httpapi.Below(prefix, operations))
		}
	}
	internal := kind == Internal
	management := apis.Rest != nil && (internal || settings.PublicRest)
	add(management, apiPrefix, rest.Operations())
	add(internal || settings.PublicPortal, namespacesPrefix, portal.Operations())
	add(internal, internalPrefix, portal.InternalOperations())
	add(internal, internalPrefix, shell.Operations())
	add(internal && apis.Kas != nil, internalPrefix, kas.Operations())
	add(true, "", httpapi.HealthOperations())
	add(management, "", docspage.Operations())
	add(management, "", httpapi.OAuthOperations())
	return all
}

// document returns the function that describes the routes of a kind of listener. It does
// so once, when the document is asked for the first time: most servers are never asked.
func (b *builder) document(apis APIs, kind Listener) rest.Document {
	settings := b.settings
	return sync.OnceValues(func() ([]byte, error) {
		about := openapi.Info{Version: settings.Version, ExternalURL: settings.ExternalURL, RelativeRoot: settings.RelativeRoot}
		return openapi.Build(about, Operations(apis, settings, kind))
	})
}
