// Package security describes vulnerability findings: their texts, the uuid by
// which two reports are the same finding, and who may administer them.
package security

import (
	"time"
	"unicode/utf8"

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

// CutTexts cuts the texts of the finding that are too long: an agent that is
// refused one finding gives up its scan. None of them counts for the uuid.
func (f *Finding) CutTexts() {
	f.Title = cut(f.Title, maxTitle)
	f.Message = cut(f.Message, maxMessage)
	f.Description = cut(f.Description, maxDescription)
	f.Solution = cut(f.Solution, maxSolution)
}

// cut returns a text of at most that many characters, of which the last one tells
// that the text went on.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// MayAdminister says whether the actor may administer the vulnerabilities of
// the project: active developers and higher roles may, and administrators.
func MayAdminister(s source.Standing) bool {
	person := s.Actor.User
	return person.Known() && person.State == identity.Active && person.Type != identity.Ghost &&
		(person.Admin || s.Role >= source.Developer)
}
