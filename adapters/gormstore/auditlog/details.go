package auditlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
)

// detailsForm is the version of the form in which details are written.
const detailsForm = 1

// detailsRow is what an event has beside its columns. The tags lie in databases, so
// they stay when the domain changes its names. A row without details is a Git command
// that has run.
type detailsRow struct {
	Version int `json:"v"`
	// Action is the action if a column of text cannot hold it.
	Action   text         `json:"action,omitempty"`
	Git      bool         `json:"git,omitempty"`
	Before   valuesRow    `json:"before,omitzero"`
	After    valuesRow    `json:"after,omitzero"`
	Decision *decisionRow `json:"decision,omitempty"`
}

type decisionRow struct {
	Message    text         `json:"message,omitempty"`
	Refs       []text       `json:"refs,omitempty"`
	MoreRefs   int          `json:"moreRefs,omitempty"`
	Findings   []findingRow `json:"findings,omitempty"`
	Facts      valuesRow    `json:"facts,omitzero"`
	Unrecorded int          `json:"unrecorded,omitempty"`
}

type findingRow struct {
	Rule    string `json:"rule"`
	Ref     text   `json:"ref,omitempty"`
	Outcome string `json:"outcome"`
	Message text   `json:"message,omitempty"`
	// Protections are those that match the ref.
	Protections []matchRow `json:"protections,omitempty"`
}

type matchRow struct {
	Pattern text `json:"pattern"`
	Grants  bool `json:"grants,omitempty"`
}

func writeDetails(e audit.Event) (*string, error) {
	if e.Git != nil && e.Decision == nil && e.Before == nil && e.After == nil && storable(e.Action) {
		return nil, nil
	}
	row := detailsRow{Version: detailsForm, Git: e.Git != nil, Before: valuesRow(e.Before), After: valuesRow(e.After)}
	if !storable(e.Action) {
		row.Action = text(e.Action)
	}
	if d := e.Decision; d != nil {
		row.Decision = &decisionRow{Message: text(d.Message), Refs: texts(d.Refs), MoreRefs: d.MoreRefs, Facts: valuesRow(d.Facts), Unrecorded: d.Unrecorded}
		for _, f := range d.Findings {
			finding := findingRow{Rule: f.Rule, Ref: text(f.Ref), Outcome: string(f.Outcome), Message: text(f.Message)}
			for _, m := range f.Protections {
				finding.Protections = append(finding.Protections, matchRow{text(m.Pattern), m.Grants})
			}
			row.Decision.Findings = append(row.Decision.Findings, finding)
		}
	}
	out, err := json.Marshal(row)
	return new(string(out)), err
}

// readDetails reads details of any form up to detailsForm.
func readDetails(row columns, e *audit.Event) error {
	if row.Details == nil {
		return nil
	}
	var details detailsRow
	err := json.Unmarshal([]byte(*row.Details), &details)
	if err == nil {
		err = database.CheckForm(details.Version, detailsForm)
	}
	if err != nil {
		return fmt.Errorf("details: %w", err)
	}
	if details.Action != "" {
		e.Action = string(details.Action)
	}
	if !details.Git {
		e.Git = nil
	}
	e.Before, e.After = audit.Values(details.Before), audit.Values(details.After)
	if d := details.Decision; d != nil {
		e.Decision = &audit.Decision{
			Rule: word(row.Rule), Ref: string(row.Ref), Message: string(d.Message),
			Refs: fromTexts(d.Refs), MoreRefs: d.MoreRefs, Facts: audit.Values(d.Facts), Unrecorded: d.Unrecorded,
		}
		for _, f := range d.Findings {
			finding := source.Finding{Rule: f.Rule, Ref: string(f.Ref), Outcome: source.Outcome(f.Outcome), Message: string(f.Message)}
			for _, m := range f.Protections {
				finding.Protections = append(finding.Protections, source.ProtectionMatch{Pattern: source.Pattern(m.Pattern), Grants: m.Grants})
			}
			e.Decision.Findings = append(e.Decision.Findings, finding)
		}
	}
	return nil
}

// storable says whether a column of text can hold a text.
func storable(t string) bool { return utf8.ValidString(t) && !strings.Contains(t, "\x00") }

// shown is a text for a column of text.
func shown(t string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(t, "\ufffd"), "\x00", "\ufffd")
}

// text is a JSON string, or {"bytes": base64} if it is not UTF-8.
type text string

type bytesRow struct {
	Bytes []byte `json:"bytes"`
}

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(bytesRow{[]byte(t)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("{")) {
		var row bytesRow
		err := json.Unmarshal(data, &row)
		*t = text(row.Bytes)
		return err
	}
	return json.Unmarshal(data, (*string)(t))
}

func texts(from []string) []text {
	out := make([]text, len(from))
	for i, t := range from {
		out[i] = text(t)
	}
	return out
}

func fromTexts(from []text) []string {
	var out []string
	for _, t := range from {
		out = append(out, string(t))
	}
	return out
}

// valuesRow are audit.Values as JSON.
type valuesRow audit.Values

// MarshalJSON implements json.Marshaler. It fails for a value of a type that
// audit.Values does not have.
func (v valuesRow) MarshalJSON() ([]byte, error) {
	if err := audit.Values(v).Check(); err != nil {
		return nil, err
	}
	row := make(map[string]any, len(v))
	for name, value := range v {
		switch value := value.(type) {
		case string:
			row[name] = text(value)
		case []string:
			row[name] = texts(value)
		default:
			row[name] = value
		}
	}
	return json.Marshal(row)
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *valuesRow) UnmarshalJSON(data []byte) error {
	var row map[string]json.RawMessage
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	*v = valuesRow{}
	for name, raw := range row {
		value, err := readValue(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		(*v)[name] = value
	}
	return nil
}

func readValue(raw json.RawMessage) (any, error) {
	switch raw[0] {
	case '"', '{':
		var t text
		err := json.Unmarshal(raw, &t)
		return string(t), err
	case '[':
		list := []text{}
		err := json.Unmarshal(raw, &list)
		return append([]string{}, fromTexts(list)...), err
	case 't', 'f':
		var flag bool
		err := json.Unmarshal(raw, &flag)
		return flag, err
	case 'n':
		return nil, nil
	}
	var number int64
	err := json.Unmarshal(raw, &number)
	return number, err
}
