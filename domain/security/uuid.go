package security

import (
	"crypto/sha1" //nolint:gosec // GitLab's rule; nothing is kept secret by it
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"gatehouse/domain/agents"
	"gatehouse/domain/source"
)

// FindingUUID returns the uuid of a finding that an agent reports, by GitLab's
// rule: the same vulnerability in the same place has the same uuid. Of the
// identifier only the name counts, and not the type; of the agent the one that
// reports, whatever the location says.
func FindingUUID(space uuid.UUID, project source.ProjectID, agent agents.AgentID, id Identifier, at Resource) string {
	primary := digest(fmt.Sprintf("%s:%s", identifierType(id.Name), id.Name))
	location := digest(fmt.Sprintf("%d:%s:%s:%s:%s:%s", agent, at.Namespace, at.Kind, at.Name, at.Container, at.Package))
	name := fmt.Sprintf("%d-%s-%s-%d", clusterImageScanning, primary, location, project)
	return uuid.NewSHA1(space, []byte(name)).String()
}

// clusterImageScanning is the number of the report type in GitLab.
const clusterImageScanning = 7

// identifierType returns the type of an identifier by its name.
func identifierType(name string) string {
	fold := strings.ToLower(name)
	switch {
	case strings.Contains(fold, "cve"):
		return "cve"
	case strings.Contains(fold, "cwe"):
		return "cwe"
	default:
		return "other"
	}
}

func digest(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// UUIDs returns the texts that are a uuid, in lower case, each once. It leaves
// all other texts out.
func UUIDs(texts []string) []string {
	out := make([]string, 0, len(texts))
	seen := make(map[string]bool, len(texts))
	for _, text := range texts {
		text = strings.ToLower(text)
		if len(text) == uuidLength && uuid.Validate(text) == nil && !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return out
}

// uuidLength is that of the usual form. The library knows others.
const uuidLength = 36
