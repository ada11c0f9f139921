package arch_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// core is what a driven or driving adapter may know of the inside.
var core = []string{"domain/...", "application/..."}

// useCase is what a use case may import: never another use case.
var useCase = []string{"domain/...", "application"}

// caller is what the HTTP adapter of one caller may import.
var caller = slices.Concat(core, []string{"adapters/httpapi", "adapters/httpapi/params"})

// restResource is what the management API's routes of one kind of resource may import.
var restResource = slices.Concat(caller, []string{"adapters/httpapi/rest/call", "adapters/httpapi/rest/entity"})

// rows say what the packages under a prefix may import of this module. The
// longest prefix wins. "x/..." is x and all below it, "..." everything. What is
// below domain and application may import no library but those named here.
var rows = map[string][]string{
	"domain":            {},
	"domain/remembered": {},
	"domain/identity":   {"domain", "domain/remembered", "golang.org/x/crypto/ssh"},
	"domain/source":     {"domain", "domain/identity", "domain/remembered"},
	"domain/rights":     {"domain", "domain/identity", "domain/source", "domain/audit"},
	"domain/hooks":      {"domain", "domain/source", "domain/identity", "domain/remembered"},
	"domain/lfs":        {"domain", "domain/source", "domain/identity"},
	"domain/agents":     {"domain", "domain/source", "domain/identity"},
	"domain/security":   {"domain", "domain/source", "domain/identity", "domain/agents", "github.com/google/uuid"},
	"domain/billing":    {"domain", "domain/source", "domain/identity"},
	"domain/audit":      {"domain", "domain/source", "domain/identity"},

	"application":               {},
	"application/accounts":      useCase,
	"application/groups":        useCase,
	"application/members":       useCase,
	"application/protections":   useCase,
	"application/deploykeys":    useCase,
	"application/instance":      useCase,
	"application/authorization": useCase,
	"application/gitaccess":     useCase,
	"application/pushes":        useCase,
	"application/postreceive":   useCase,
	"application/webhooks":      useCase,
	"application/whois":         useCase,
	"application/credentials":   useCase,
	"application/lfsaccess":     useCase,
	"application/gitaudit":      useCase,
	"application/clusters":      useCase,
	"application/findings":      slices.Concat(useCase, []string{"github.com/google/uuid"}),
	"application/provisioning":  useCase,
	"application/worldimport":   useCase,
	"application/projects":      useCase,
	"application/code":          useCase,
	"application/inventory":     useCase,
	"application/retention":     useCase,

	"adapters/httpapi":         slices.Concat(core, []string{"adapters/httpapi/flatjson"}),
	"adapters/httpapi/params":  slices.Concat(core, []string{"adapters/httpapi/flatjson"}),
	"adapters/httpapi/shell":   caller,
	"adapters/httpapi/kas":     caller,
	"adapters/httpapi/portal":  caller,
	"adapters/httpapi/githttp": caller,
	// The management API: each part of it imports those above it in this list.
	"adapters/httpapi/rest/call":         caller,
	"adapters/httpapi/rest/entity":       slices.Concat(caller, []string{"adapters/httpapi/rest/call"}),
	"adapters/httpapi/rest/people":       restResource,
	"adapters/httpapi/rest/namespaces":   restResource,
	"adapters/httpapi/rest/repositories": restResource,
	"adapters/httpapi/rest":              slices.Concat(caller, []string{"adapters/httpapi/rest/..."}),
	"adapters/httpserver":                {},
	"adapters/periodic":                  {},
	"adapters/auditqueue":                core,
	"adapters/gormstore":                 slices.Concat(core, []string{"adapters/gormstore/..."}),
	// The engine below the stores knows no use case, and no table.
	"adapters/gormstore/database":   {"domain", "adapters/gormstore/lookups"},
	"adapters/gormstore/jobs":       {"domain", "domain/audit", "application", "adapters/gormstore/database", "adapters/gormstore/auditlog"},
	"adapters/gormstore/auditlog":   {"domain/...", "application/inventory", "adapters/gormstore/database"},
	"adapters/gormstore/conflicts":  {"domain/identity", "domain/source", "adapters/gormstore/database"},
	"adapters/gormstore/seals":      {"domain/hooks", "adapters/gormstore/database"},
	"adapters/gormstore/queries":    {"adapters/gormstore/database"},
	"adapters/gormstore/lookups":    {},
	"adapters/gormstore/management": slices.Concat(core, []string{"adapters/gormstore/database", "adapters/gormstore/queries", "adapters/gormstore/seals"}),
	"adapters/gormstore/worldtx":    slices.Concat(core, []string{"adapters/gormstore/database", "adapters/gormstore/management", "adapters/gormstore/queries", "adapters/gormstore/auditlog", "adapters/gormstore/jobs", "adapters/gormstore/seals"}),
	"adapters/memory":               core,
	"adapters/gitaly":               slices.Concat(core, []string{"adapters/gitaly/..."}), // its generated messages
	"adapters/gitaly/sidechannel":   {},
	"adapters/redisstate":           core,
	"adapters/secretfile":           core,
	"adapters/spool":                core,
	"adapters/worldfile":            core,
	"adapters/ratelimit":            core,
	"adapters/logger":               {},
	"adapters/lfstoken":             core,
	"adapters/totp":                 core,
	"adapters/seal":                 core,
	// The instance key is a secret file, and seals.
	"adapters/instancekey": slices.Concat(core, []string{"adapters/secretfile", "adapters/seal"}),
	"adapters/hookclient":  core,
	// The JSON form of an explained decision, for the adapters that show one.
	"adapters/explanation": core,
	"adapters/demo":        {},
	// A command reads a world file, and starts the graph with what its flags
	// say. If cmd handed it those, main would hold the wiring.
	"adapters/cli": slices.Concat(core, []string{"adapters/explanation", "adapters/worldfile", "bootstrap/..."}),
	// It mounts the routes of all callers.
	"adapters/httpapi/routing": {"adapters/httpapi/..."},
	// It describes the routes of any caller, and knows none.
	"adapters/httpapi/openapi": {"domain/remembered", "adapters/httpapi", "adapters/httpapi/params"},
	// It shows the document to people, and knows no caller.
	"adapters/httpapi/docspage": {"domain", "adapters/httpapi"},
	// It reads JSON, and knows no request.
	"adapters/httpapi/flatjson": {},

	"bootstrap":            slices.Concat(core, []string{"adapters/...", "bootstrap/config"}),
	"bootstrap/config":     {"domain/...", "application"},
	"bootstrap/demoserver": slices.Concat(core, []string{"adapters/demo", "adapters/worldfile", "bootstrap", "bootstrap/config"}),
	"bootstrap/doctor":     {"adapters/gitaly", "adapters/gormstore/...", "adapters/instancekey", "adapters/redisstate", "adapters/secretfile", "adapters/spool", "bootstrap", "bootstrap/config"},
	"cmd":                  {"bootstrap", "adapters/cli"},
	"tests":                {"..."},
}

// confined says which packages may import a library, besides tests. Code
// elsewhere can be read without knowing it. "x/..." is x and all below it.
var confined = map[string][]string{
	"go.uber.org/fx":             {"bootstrap", "cmd/..."},
	"go.uber.org/zap":            {"adapters/...", "bootstrap/..."},
	"github.com/gin-gonic/gin":   {"adapters/httpapi/..."},
	"gorm.io":                    {"adapters/gormstore/..."},
	"github.com/spf13/cobra":     {"adapters/cli"},
	"github.com/hashicorp/yamux": {"adapters/gitaly/..."},
	"github.com/riverqueue":      {"adapters/gormstore/jobs"},
	"github.com/swaggest/swgui":  {"adapters/httpapi/docspage"},
	"github.com/testcontainers":  {},
	"github.com/chromedp":        {},
	"github.com/getkin":          {},
}

// imports holds every import against the rows.
func imports(tr tree) (findings []string) {
	for _, p := range tr.packages() {
		row, ok := longest(p.path)
		if !ok {
			findings = append(findings, fmt.Sprintf("package %s has no row in the table of imports", p.path))
			continue
		}
		inner := within(p.path, "domain") || within(p.path, "application")
		p.eachImport(func(name, where string) {
			own, ours := strings.CutPrefix(name, module)
			foreign := strings.Contains(strings.Split(name, "/")[0], ".")
			if (ours || foreign && inner) && !slices.ContainsFunc(rows[row], func(a string) bool { return matches(own, a) }) {
				findings = append(findings, fmt.Sprintf("%s%s may not import %s (row %q)", where, p.path, name, row))
			}
		})
	}
	return findings
}

// confinedLibraries holds the imports of libraries against where they belong.
func confinedLibraries(tr tree) (findings []string) {
	for _, p := range tr.packages() {
		p.eachImport(func(name, where string) {
			for library, homes := range confined {
				home := slices.ContainsFunc(homes, func(h string) bool { return matches(p.path, h) })
				if within(name, library) && !home && !within(p.path, "tests") {
					findings = append(findings, fmt.Sprintf("%s%s belongs into %v", where, library, homes))
				}
			}
		})
	}
	return findings
}

// eachImport calls do for the imports of all files but tests.
func (p *pkg) eachImport(do func(name, where string)) {
	for _, f := range p.files {
		for _, spec := range f.Imports {
			if name, err := strconv.Unquote(spec.Path.Value); err == nil && !f.test {
				do(name, f.position(spec))
			}
		}
	}
}

// longest returns the longest prefix of the package that has a row.
func longest(name string) (row string, ok bool) {
	for prefix := range rows {
		if within(name, prefix) && len(prefix) >= len(row) {
			row, ok = prefix, true
		}
	}
	return row, ok
}

// matches says whether pattern names the package: it, or "it/...".
func matches(name, pattern string) bool {
	prefix, below := strings.CutSuffix(pattern, "/...")
	return pattern == "..." || name == prefix || below && within(name, prefix)
}
