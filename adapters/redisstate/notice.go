package redisstate

import (
	"encoding/json"
	"fmt"
	"time"

	"gatehouse/domain/source"
)

// noticeForm is the version of the JSON that writeNotice writes.
const noticeForm = 1

// noticeValue is a notice as Redis keeps it; user and repository are in its key.
// The tags are stored in Redis, so they stay when the domain changes its names.
//
// Version 0 is the form without a version, which earlier releases wrote. It has
// more members, and the same names but for the letter case, which encoding/json
// ignores. The next release may drop the unversioned form: notices live for minutes.
type noticeValue struct {
	Version   int       `json:"v"`
	OldPath   string    `json:"oldPath"`
	Protocol  string    `json:"protocol"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// writeNotice returns the notice as JSON.
func writeNotice(n source.Notice) ([]byte, error) {
	return json.Marshal(noticeValue{noticeForm, string(n.OldPath), string(n.Protocol), n.ExpiresAt.UTC().Truncate(time.Microsecond)})
}

// readNotice reads a notice of any form up to noticeForm into n, whose user and
// repository stay.
func readNotice(text []byte, n *source.Notice) error {
	var v noticeValue
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	if v.Version < 0 || v.Version > noticeForm {
		return fmt.Errorf("its form has version %d, and this gatehouse knows no more than %d: a newer one wrote it", v.Version, noticeForm)
	}
	n.OldPath, n.Protocol, n.ExpiresAt = source.Path(v.OldPath), source.Protocol(v.Protocol), v.ExpiresAt
	return nil
}
