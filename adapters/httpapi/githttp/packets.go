package githttp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

const (
	// headSize is the size of the head of a packet, which is its length in hexadecimal
	// digits, the head included.
	headSize = 4
	// maxPacket is the length of the longest packet.
	maxPacket = 65520
	flush     = "0000"
)

// The bands of an answer with a side band.
const (
	dataBand     = "\x01"
	progressBand = "\x02"
)

// packet returns text as a packet.
func packet(text string) string { return fmt.Sprintf("%04x%s", len(text)+headSize, text) }

// errPackets refuses a body that is none of Git's.
var errPackets = domain.Refuse(domain.Invalid, "The body is no request of Git's: it does not consist of packets.")

// packetSize reads the head of a packet. Special packets without a text have sizes below
// headSize.
func packetSize(head []byte) (int, error) {
	size, err := strconv.ParseUint(string(head), 16, 16)
	if err != nil || size == 3 || size > maxPacket {
		return 0, errPackets
	}
	return int(size), nil
}

// checkPackets refuses a body that does not consist of whole packets, at least one, so that
// no git begins for it.
func checkPackets(body io.Reader) error {
	r := bufio.NewReaderSize(body, 64<<10)
	head := make([]byte, headSize)
	for number := 0; ; number++ {
		_, err := io.ReadFull(r, head)
		switch {
		case errors.Is(err, io.EOF) && number > 0:
			return nil
		case err != nil:
			return refusalOf(err)
		}
		size, err := packetSize(head)
		if err != nil {
			return err
		}
		if _, err := r.Discard(max(0, size-headSize)); err != nil {
			return refusalOf(err)
		}
	}
}

// refusalOf returns the refusal that an error is, or else that of a body that is none of
// Git's.
func refusalOf(err error) error {
	if _, refused := errors.AsType[*domain.Refusal](err); refused {
		return err
	}
	return errPackets.Because(err)
}

// pushSize is the size of the buffer for the beginning of a push. A whole packet fits.
const pushSize = 64 << 10

// readsSideBand looks at the first packet of a push and says whether its client reads a side
// band. It refuses a body that is none of Git's.
func readsSideBand(body *bufio.Reader) (bool, error) {
	head, err := body.Peek(headSize)
	if err != nil {
		return false, refusalOf(err)
	}
	size, err := packetSize(head)
	if err != nil {
		return false, err
	}
	first, err := body.Peek(max(size, headSize))
	if err != nil {
		return false, refusalOf(err)
	}
	_, capabilities, _ := bytes.Cut(first, []byte{0})
	return bytes.Contains(capabilities, []byte("side-band-64k")), nil
}

var errBusy = domain.Refuse(domain.TooMany, "The server that keeps the repository is busy. Try again in a moment.")

// busyResult is the answer to a request whose result is due: Git shows the words of no other
// status there.
func busyResult(command source.Command, sideBand bool, words string) string {
	if command == source.UploadPack {
		return packet("ERR " + words + "\n")
	}
	report := packet("unpack server is busy\n") + flush
	if !sideBand {
		return report
	}
	return packet(dataBand+report) + packet(progressBand+words+"\n") + flush
}
