// Package security describes vulnerability findings: their texts, the uuid by
// which two reports are the same finding, and who may administer them.
package security

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gatehouse/domain"
	"gatehouse/domain/agents"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Severity is how bad a finding is.
type Severity string

// Confidence is how sure the scanner is.
type Confidence string

// Severities lists every Severity, Confidences every Confidence, the lowest
// first. A finding may have no confidence.
var (
	Severities  = []Severity{"info", "unknown", "low", "medium", "high", "critical"}
	Confidences = []Confidence{"ignore", "unknown", "experimental", "low", "medium", "high", "confirmed"}
)

// State is the state of a finding.
type State string

// The states. Detected and Confirmed are active.
const (
	Detected  State = "detected"
	Confirmed State = "confirmed"
	Dismissed State = "dismissed"
	Resolved  State = "resolved"
)

// ReportType is the kind of scan that a finding comes from.
type ReportType string

// ClusterImageScanning looks at the images that run in a cluster. It is the one
// kind that agents report.
const ClusterImageScanning ReportType = "cluster_image_scanning"

// Identifier names a vulnerability in a public list.
type Identifier struct{ Type, Name, Value, URL string }

// Scanner is the program that found something.
type Scanner struct{ ID, Name, Vendor string }

// Resource is the part of a location that counts for the identity.
type Resource struct {
	Namespace, Kind, Name string
	// Container and Package may be empty.
	Container, Package string
}

// Finding is one vulnerability in one place.
type Finding struct {
	UUID    string
	Project source.ProjectID
	// Agent is the one whose token reported the finding.
	Agent agents.AgentID
	// Author is the agent's creator.
	Author     identity.UserID
	ReportType ReportType
	State      State
	Title      string
	Severity   Severity
	// Confidence is empty if the report has none.
	Confidence Confidence
	// Message, Description and Solution may be empty.
	Message, Description, Solution string
	// Location is JSON as it was reported.
	Location string
	// Identifiers has one entry or more; the first one counts.
	Identifiers []Identifier
	// Links is JSON as it was reported, or empty.
	Links      string
	Scanner    Scanner
	DetectedAt time.Time
}

// The most characters of texts. GitLab cuts a title, and refuses the others.
const (
	maxTitle       = 255
	maxMessage     = 3000
	maxDescription = 15000
	maxSolution    = 7000
)

// SetTitle sets the title, cut off after 255 characters.
func (f *Finding) SetTitle(name string) {
	if letters := []rune(name); len(letters) > maxTitle {
		name = string(letters[:maxTitle])
	}
	f.Title = name
}

// Check returns which texts of the finding are too long, or nil.
func (f *Finding) Check() *domain.Refusal {
	var problems []string
	for _, text := range []struct {
		name, value string
		most        int
	}{
		{"Message", f.Message, maxMessage}, {"Description", f.Description, maxDescription}, {"Solution", f.Solution, maxSolution},
	} {
		if utf8.RuneCountInString(text.value) > text.most {
			problems = append(problems, text.name+" is too long (maximum is "+strconv.Itoa(text.most)+" characters)")
		}
	}
	if problems == nil {
		return nil
	}
	return domain.Refuse(domain.Unprocessable, "Validation failed: %s", strings.Join(problems, ", "))
}

// MayAdminister says whether the actor may administer the vulnerabilities of
// the project: active developers and higher roles may, and administrators.
func MayAdminister(s source.Standing) bool {
	person := s.Actor.User
	return person.Known() && person.State == identity.Active && person.Type != identity.Ghost &&
		(person.Admin || s.Role >= source.Developer)
}
