package params

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"gatehouse/domain"
)

// maxUnits bounds the tree of one request to about 16 MB, whoever sends it. A unit is
// some 64 bytes. 200,000 uuids in a list or as many push options fit in; a push of
// 100,000 refs is one value.
const maxUnits = 1 << 18

// What a node of the tree takes beside the text of the request, in units. Each pair of
// a form takes a unit as well, even one that makes no node.
const (
	scalarUnits = 1
	keyUnits    = 1
	arrayUnits  = 2
	hashUnits   = 8 // a hash has room for eight members from the start
)

var (
	tooMany    = fmt.Sprintf("holds more than %d values, of which an array counts as %d and a hash as %d", maxUnits, arrayUnits, hashUnits)
	errTooMany = domain.Refuse(domain.TooLarge, "the request %s", tooMany)
)

// budget is the units that are left for the tree of one request.
type budget int

// spend takes units, and returns errTooMany if there were too few left.
func (b *budget) spend(units int) error {
	if *b -= budget(units); *b < 0 {
		return errTooMany
	}
	return nil
}

// spendJSON takes the units of a JSON text before a tree is made of it. It needs no
// valid text: no tree is made of an invalid one.
func (b *budget) spendJSON(text []byte) error {
	for i := 0; i < len(text); i++ {
		units := 0
		switch text[i] {
		case '"':
			i = endOfString(text, i)
		case ',':
			units = scalarUnits
		case ':':
			units = keyUnits
		case '[':
			units = arrayUnits
		case '{':
			units = hashUnits
		}
		if err := b.spend(units); err != nil {
			return err
		}
	}
	return nil
}

// endOfString returns where the string that begins at start ends, which is at the end
// of the text if it does not end before.
func endOfString(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		next := bytes.IndexByte(text[i:], '"')
		if next < 0 {
			break
		}
		i += next
		escapes := 0
		for text[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
	return len(text)
}

const (
	// parsingBytes is the memory for all bodies that are parsed at one moment: two of
	// the largest, or nine of 1 MiB, or a thousand of 1 KiB.
	parsingBytes = 160 << 20
	// maxTree is more than the bytes of the largest tree, treeFactor more than the
	// bytes of a tree for each byte of its text.
	maxTree    = 16 << 20
	treeFactor = 128
	// searchesAtOnce is how many bodies are searched for a credential at one moment.
	searchesAtOnce = 8
)

// parsing and searching bound how many bodies are parsed at one moment, in all
// servers of the process. A body has been read before it waits for its turn, so that a
// client that stops sending holds up no other one; a turn takes as long as the
// processor needs for it. The bodies of authenticated callers share memory, and not a
// number of turns, so that a large push does not wait for others while there is room.
// A semaphore is first come, first served: small bodies do not overtake a large one
// for ever. Unauthenticated bodies have turns of their own, and take none from
// authenticated ones.
var (
	parsing   = semaphore.NewWeighted(parsingBytes)
	searching = semaphore.NewWeighted(searchesAtOnce)
)

var errBusy = domain.Refuse(domain.Unavailable, "The server is busy. Please try again later.")

// inTurn runs parse when its turn has come, or fails when the request ends before.
func inTurn(ctx context.Context, turns *semaphore.Weighted, weight int64, parse func()) error {
	if err := turns.Acquire(ctx, weight); err != nil {
		return errBusy.Because(err)
	}
	defer turns.Release(weight)
	parse()
	return nil
}

// weight returns how many bytes parsing takes at most for a text of that length, with
// the tree that it becomes.
func weight(length int) int64 {
	return min(int64(length)+min(treeFactor*int64(length), maxTree), parsingBytes)
}
