package worldimport

import (
	"fmt"
	"strings"
)

// Summary counts what was applied, new or not.
type Summary struct {
	Users, Groups, Projects, Members, Shares, Keys, DeployKeys, AccessTokens, Agents, Broadcasts, Hooks int
	Subscriptions, Packs, Reconciliations                                                               int
	// Changes and Unchanged are as many as a Check finds. Only an import in batches counts
	// them, and looks for Warnings: what may not be meant.
	Changes, Unchanged int
	Warnings           Mistakes
}

func (w World) summary() Summary {
	return Summary{
		Users: len(w.Users), Groups: len(w.Groups), Projects: len(w.Projects),
		Members: len(w.Members), Shares: len(w.Shares),
		Keys: len(w.Keys), DeployKeys: len(w.DeployKeys), AccessTokens: len(w.AccessTokens),
		Agents: len(w.Agents), Broadcasts: len(w.Broadcasts), Hooks: len(w.Hooks),
		Subscriptions: len(w.Subscriptions), Packs: len(w.Packs), Reconciliations: len(w.Reconciliations),
	}
}

// String reads "2 users, 1 group and 1 project", or "nothing".
func (s Summary) String() string {
	var parts []string
	for _, part := range []struct {
		count int
		one   string
	}{
		{s.Users, "user"}, {s.Groups, "group"}, {s.Projects, "project"}, {s.Members, "member"}, {s.Shares, "share"},
		{s.Keys, "key"}, {s.DeployKeys, "deploy key"}, {s.AccessTokens, "access token"}, {s.Agents, "agent"},
		{s.Broadcasts, "broadcast message"}, {s.Hooks, "hook"}, {s.Subscriptions, "subscription"}, {s.Packs, "pack"}, {s.Reconciliations, "reconciliation"},
	} {
		switch part.count {
		case 0:
		case 1:
			parts = append(parts, "1 "+part.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", part.count, part.one))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
