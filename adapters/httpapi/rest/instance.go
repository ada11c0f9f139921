package rest

import (
	"net/http"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
)

// Instance is what the answers say about the server itself.
type Instance struct {
	entity.Instance
	Version string
	// Revision is that of the source; empty if the build did not record it.
	Revision string
	// KasEnabled and KasURL say whether agents are served, and where; KasURL may be
	// empty.
	KasEnabled bool
	KasURL     string
	// CORSOrigins are the origins whose pages may call the API; "*" is every one.
	CORSOrigins []string
	// Settings are those of the configuration that administrators may read.
	Settings ConfiguredSettings
}

// metaRoutes tell what instance it is.
var metaRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/version", Name: "getVersion", Summary: "Tell the version of the instance",
		Who: call.SignedIn, Scopes: call.ReadUser, Answer: metadata{},
	}, Handle: (*API).metadata},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/metadata", Name: "getMetadata", Summary: "Tell the version of the instance",
		Who: call.SignedIn, Scopes: call.ReadUser, Answer: metadata{},
	}, Handle: (*API).metadata},
}

type metadata struct {
	Version    string      `json:"version"`
	Revision   string      `json:"revision"`
	Kas        metadataKas `json:"kas"`
	Enterprise bool        `json:"enterprise"`
}

// metadataKas has its URLs in camel case, as GitLab has.
type metadataKas struct {
	Enabled             bool    `json:"enabled"`
	ExternalURL         *string `json:"externalUrl"`
	ExternalK8sProxyURL *string `json:"externalK8sProxyUrl"`
	Version             *string `json:"version"`
}

// metadata answers GET /metadata and GET /version.
func (a *API) metadata(*call.Call) (any, error) {
	i := a.instance
	out := metadata{Version: i.Version, Revision: i.Revision, Kas: metadataKas{Enabled: i.KasEnabled}}
	if i.KasEnabled {
		out.Kas.ExternalURL = entity.TextOrNull(i.KasURL)
		out.Kas.Version = &i.Version
	}
	return out, nil
}
