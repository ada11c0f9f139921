package rest

import (
	"net/http"
	"time"
)

// metaRoutes tell what instance it is.
var metaRoutes = []route{
	{Route{
		Method: http.MethodGet, Path: "/version", Name: "getVersion", Summary: "Tell the version of the instance",
		Who: SignedIn, Scopes: readUser, Answer: metadata{},
	}, (*API).metadata},
	{Route{
		Method: http.MethodGet, Path: "/metadata", Name: "getMetadata", Summary: "Tell the version of the instance",
		Who: SignedIn, Scopes: readUser, Answer: metadata{},
	}, (*API).metadata},
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
func (a *API) metadata(*call) (any, error) {
	i := a.instance
	out := metadata{Version: i.Version, Revision: i.Revision, Kas: metadataKas{Enabled: i.KasEnabled}}
	if i.KasEnabled {
		out.Kas.ExternalURL = textOrNull(i.KasURL)
		out.Kas.Version = &i.Version
	}
	return out, nil
}

// textOrNull returns nil for an empty text.
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// momentFormat is RFC 3339 in UTC with milliseconds.
const momentFormat = "2006-01-02T15:04:05.000Z"

// momentOrNull returns nil for the zero time.
func momentOrNull(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format(momentFormat)
	return &text
}

// dayOrNull returns nil for the zero time.
func dayOrNull(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format(time.DateOnly)
	return &text
}
