package kas

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain/security"
)

// vulnerabilityRequest takes both forms that GitLab has had. The second form has more
// members, which are optional here; agents send it. Any other member is ignored.
type vulnerabilityRequest struct {
	Vulnerability vulnerability `param:"vulnerability,required"`
	Scanner       scanner       `param:"scanner,required"`
}

type vulnerability struct {
	Name        string       `param:"name,filled"`
	Severity    severity     `param:"severity,required"`
	Confidence  confidence   `param:"confidence"`
	Location    location     `param:"location,required"`
	Verbatim    any          `param:"location"`
	Identifiers []identifier `param:"identifiers,filled"`
	Message     string       `param:"message"`
	Description string       `param:"description"`
	Solution    string       `param:"solution"`
	Links       links        `param:"links" api:"array"`
}

type location struct {
	Image              string     `param:"image"`
	OperatingSystem    string     `param:"operating_system"`
	Dependency         dependency `param:"dependency"`
	KubernetesResource resource   `param:"kubernetes_resource,required"`
}

type dependency struct {
	Package pkg    `param:"package"`
	Version string `param:"version"`
}

type pkg struct {
	Name string `param:"name"`
}

// resource has a container by two names. Only the first one identifies a finding;
// agent_id is checked and not used.
type resource struct {
	Namespace     string `param:"namespace,required"`
	Kind          string `param:"kind,required"`
	Name          string `param:"name,required"`
	Container     string `param:"container"`
	ContainerName string `param:"container_name"`
	AgentID       string `param:"agent_id"`
}

type identifier struct {
	Type  string `param:"type,required"`
	Name  string `param:"name,filled"`
	Value string `param:"value"`
	URL   string `param:"url"`
}

type scanner struct {
	ID     string `param:"id,filled"`
	Name   string `param:"name,filled"`
	Vendor vendor `param:"vendor" api:"string,object"`
	// Version is ignored.
	Version any `param:"version" api:"string,no-effect"`
}

type severity struct{ security.Severity }

// Words are the words that a severity takes.
func (severity) Words() []string { return inBothCases(security.Severities) }

// ReadParam implements params.Reader.
func (s *severity) ReadParam(value any) (problem string) {
	s.Severity, problem = params.FoldedWord(value, security.Severities)
	return problem
}

type confidence struct{ security.Confidence }

// Words are the words that a confidence takes.
func (confidence) Words() []string { return inBothCases(security.Confidences) }

// ReadParam implements params.Reader.
func (c *confidence) ReadParam(value any) (problem string) {
	if value == "" {
		return "" // the same as absent
	}
	c.Confidence, problem = params.FoldedWord(value, security.Confidences)
	return problem
}

// vendor is a text, or a hash with a name.
type vendor string

// ReadParam implements params.Reader.
func (v *vendor) ReadParam(value any) (problem string) {
	if hash, ok := value.(map[string]any); ok {
		if value = hash["name"]; value == nil {
			return ""
		}
	}
	text, problem := params.Text(value)
	*v = vendor(text)
	return problem
}

// links are an array of any values, kept as JSON.
type links string

// ReadParam implements params.Reader.
func (l *links) ReadParam(value any) (problem string) {
	array, ok := value.([]any)
	if !ok && value != "" {
		return params.IsInvalid
	}
	if len(array) == 0 {
		return ""
	}
	text, err := json.Marshal(array)
	if err != nil {
		return params.IsInvalid
	}
	*l = links(text)
	return ""
}

// inBothCases returns the words in lower case, and as agents write them. Any other
// letter case is read as well.
func inBothCases[T ~string](words []T) (out []string) {
	for _, word := range words {
		out = append(out, string(word), strings.ToUpper(string(word[:1]))+string(word[1:]))
	}
	return out
}

func (in vulnerabilityRequest) finding() (security.Finding, error) {
	v := in.Vulnerability
	verbatim, err := json.Marshal(v.Verbatim)
	f := security.Finding{
		Title: v.Name, Severity: v.Severity.Severity, Confidence: v.Confidence.Confidence,
		Message: v.Message, Description: v.Description, Solution: v.Solution,
		Location: string(verbatim), Links: string(v.Links),
		Scanner: security.Scanner{ID: in.Scanner.ID, Name: in.Scanner.Name, Vendor: string(in.Scanner.Vendor)},
	}
	for _, i := range v.Identifiers {
		f.Identifiers = append(f.Identifiers, security.Identifier{Type: i.Type, Name: i.Name, Value: i.Value, URL: i.URL})
	}
	return f, err
}

func (l location) resource() security.Resource {
	at := l.KubernetesResource
	return security.Resource{
		Namespace: at.Namespace, Kind: at.Kind, Name: at.Name, Container: at.Container, Package: l.Dependency.Package.Name,
	}
}

type findingResponse struct {
	UUID string `json:"uuid"`
}

// starboardVulnerability answers PUT /modules/starboard_vulnerability. An agent gives
// up its scan after one refusal, so NUL is left out of texts instead of refused.
func (a *API) starboardVulnerability(c *gin.Context) (any, error) {
	var in vulnerabilityRequest
	values, err := parameters(c)
	if err != nil {
		return nil, err
	}
	values.RemoveNUL()
	if err := values.Decode(&in); err != nil {
		return nil, err
	}
	finding, err := in.finding()
	if err != nil {
		return nil, err
	}
	uuid, err := a.findings.Report(c.Request.Context(), bearerOf(c).Agent, finding, in.Vulnerability.Location.resource())
	if err != nil {
		return nil, err
	}
	return findingResponse{uuid}, nil
}

type scanRequest struct {
	UUIDs []string `param:"uuids,required,array"`
}

// scanResult answers POST /modules/starboard_vulnerability/scan_result. The body
// is GitLab's: the status as a number.
func (a *API) scanResult(c *gin.Context) (any, error) {
	var in scanRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	return http.StatusOK, a.findings.Resolve(c.Request.Context(), bearerOf(c).Agent, in.UUIDs)
}
