package database

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// binaryColumns are the columns of a row of PostgreSQL, in its binary format.
type binaryColumns struct {
	fields []pgconn.FieldDescription
	raw    [][]byte
	next   int
	// all is raw in one piece, and offset where the next column begins in it: each text is a
	// part of it, so that all texts of a row are one allocation.
	all    string
	offset int
}

var errNoColumn = errors.New("the row has no such column")

// take returns the next column and its type.
func (c *binaryColumns) take() (raw []byte, oid uint32, err error) {
	if c.next == len(c.raw) {
		return nil, 0, errNoColumn
	}
	raw, oid = c.raw[c.next], c.fields[c.next].DataTypeOID
	c.next++
	c.offset += len(raw)
	return raw, oid, nil
}

func errOfType(what string, oid uint32) error { return fmt.Errorf("the type %d is no %s", oid, what) }

func (c *binaryColumns) null() bool { return c.next < len(c.raw) && c.raw[c.next] == nil }

func (c *binaryColumns) int() (int64, error) {
	raw, oid, err := c.take()
	switch {
	case err != nil:
		return 0, err
	case oid != pgtype.Int8OID && oid != pgtype.Int4OID && oid != pgtype.Int2OID:
		return 0, errOfType("whole number", oid)
	}
	switch len(raw) {
	case 8:
		return int64(binary.BigEndian.Uint64(raw)), nil
	case 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil
	case 2:
		return int64(int16(binary.BigEndian.Uint16(raw))), nil
	}
	return 0, nil
}

func (c *binaryColumns) bool() (bool, error) {
	raw, oid, err := c.take()
	if err == nil && oid != pgtype.BoolOID {
		err = errOfType("truth value", oid)
	}
	return len(raw) == 1 && raw[0] != 0, err
}

func (c *binaryColumns) text() (string, error) {
	begin := c.offset
	raw, oid, err := c.take()
	switch {
	case err != nil:
		return "", err
	case oid != pgtype.TextOID && oid != pgtype.JSONOID:
		return "", errOfType("text", oid)
	case len(raw) == 0:
		return "", nil
	}
	if c.all == "" {
		var all strings.Builder
		size := 0
		for _, column := range c.raw {
			size += len(column)
		}
		all.Grow(size)
		for _, column := range c.raw {
			all.Write(column)
		}
		c.all = all.String()
	}
	return c.all[begin:c.offset], nil
}

// epoch is where PostgreSQL begins to count time, in microseconds since 1970.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func (c *binaryColumns) time() (time.Time, error) {
	raw, oid, err := c.take()
	switch {
	case err != nil:
		return time.Time{}, err
	case oid != pgtype.TimestamptzOID:
		return time.Time{}, errOfType("moment", oid)
	case len(raw) != 8:
		return time.Time{}, nil
	}
	since := int64(binary.BigEndian.Uint64(raw))
	if since == math.MaxInt64 || since == math.MinInt64 {
		return time.Time{}, errors.New("infinity is no moment")
	}
	return time.UnixMicro(epoch + since).UTC(), nil
}

func (c *binaryColumns) end() error {
	if c.next < len(c.raw) {
		return fmt.Errorf("%d of %d columns were read", c.next, len(c.raw))
	}
	return nil
}
