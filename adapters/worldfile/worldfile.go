// Package worldfile reads a world file, which is YAML, into a worldimport.World, and
// finds every mistake that can be found without a store.
package worldfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"gatehouse/application/worldimport"
)

// Parse reads a world file. An empty one is an empty world. If anything is
// wrong the error is a worldimport.Mistakes with all mistakes, in the order of the
// lines, and the world has them too. Importing the world finds the mistakes that need
// the store: references to entries that do not exist, and ids and names that are taken.
func Parse(data []byte) (worldimport.World, error) {
	f := &file{places: make(map[string]place)}
	var world worldimport.World
	if top := f.document(data); top != nil {
		before := len(f.mistakes)
		world = readWorld(top)
		after := len(f.mistakes)
		top.done()
		if before > 0 || len(f.mistakes) > after {
			addUnread(&world)
		}
	}
	if len(f.mistakes) == 0 {
		return world, nil
	}
	world.Mistakes = f.mistakes.Sorted()
	return world, world.Mistakes
}

// addUnread adds a row of each kind that others refer to, for what stands in a part of
// the file that is not read.
func addUnread(w *worldimport.World) {
	w.Users = append(w.Users, malformed[worldimport.User]())
	w.Groups = append(w.Groups, malformed[worldimport.Group]())
	w.Projects = append(w.Projects, malformed[worldimport.Project]())
	w.DeployKeys = append(w.DeployKeys, malformed[worldimport.DeployKey]())
}

func readWorld(top *entry) worldimport.World {
	return worldimport.World{
		Users:        each(top, "users", user),
		Groups:       each(top, "groups", group),
		Projects:     each(top, "projects", project),
		Members:      each(top, "members", member),
		Shares:       each(top, "shares", share),
		Keys:         each(top, "keys", key),
		DeployKeys:   each(top, "deploy_keys", deployKey),
		AccessTokens: each(top, "access_tokens", accessToken),
		Agents:       each(top, "agents", agent),
		Broadcasts:   each(top, "broadcast_messages", broadcast),
		Hooks:        each(top, "hooks", hook),

		Subscriptions:   each(top, "subscriptions", subscription),
		Packs:           each(top, "packs", pack),
		Reconciliations: each(top, "reconciliations", reconciliation),
	}
}

// document returns the one mapping that a world file consists of, or nil.
func (f *file) document(data []byte) *entry {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var node, more yaml.Node
	switch err := decoder.Decode(&node); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		f.syntax(err)
		return nil
	}
	switch err := decoder.Decode(&more); {
	case err == nil:
		f.mistake(more.Line, "a world file is a single YAML document")
	case !errors.Is(err, io.EOF):
		f.syntax(err)
	}
	content := node.Content[0]
	if isNull(content) {
		return nil
	}
	return f.entry(content, "a world file")
}

var (
	syntaxError = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	// countsFromZero are the messages in which the library's line is one off.
	countsFromZero = regexp.MustCompile(`^did not find expected (<|node|key|'-'|',')`)
)

// syntax adds an error of the YAML parser to the mistakes.
func (f *file) syntax(err error) {
	message, line := err.Error(), 0
	if found := syntaxError.FindStringSubmatch(message); found != nil {
		line, _ = strconv.Atoi(found[1]) // 0 if it tells none
		message = strings.TrimPrefix(message, found[0])
	}
	if countsFromZero.MatchString(message) {
		line++
	}
	if strings.Contains(message, "anchor") {
		message = "an alias has no anchor" // its name may be a secret with a "*" in front
	}
	f.mistake(max(line, 1), "not YAML: %s", message)
}
