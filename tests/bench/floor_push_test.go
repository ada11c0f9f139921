package bench_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/application"
	"gatehouse/application/pushes"
)

// These write what the server writes for a push before it answers: the counter goes up, the
// push is recorded with its job, the project is no longer empty, the counter goes down.
const (
	increaseCounter = `INSERT INTO reference_counters (repository, value, expires_at) VALUES ($1, 1, $2)
	ON CONFLICT (repository) DO UPDATE SET
		value = CASE WHEN reference_counters.expires_at <= $3 THEN 1 ELSE reference_counters.value + 1 END, expires_at = excluded.expires_at`
	decreaseCounter = `UPDATE reference_counters SET value = value - 1 WHERE repository = $1 AND value > 0 AND expires_at > $2`
	addPush         = `INSERT INTO pushes (repository, identifier, changes, options, received_at) VALUES ($1, $2, $3, '', $4) RETURNING id`
	addJob          = `INSERT INTO river_job (args, kind, max_attempts) VALUES ($1, $2, $3)`
	markNotEmpty    = `UPDATE projects SET empty = false WHERE id = $1 AND empty`
	// pushMessages selects the banner, and what the pusher is to read about the project.
	pushMessages = `SELECT
		(SELECT max(b.message) FROM broadcasts b WHERE b.type = 'banner' AND b.show_in_git
			AND (b.starts_at IS NULL OR b.starts_at <= $1) AND (b.ends_at IS NULL OR b.ends_at > $1)),
		(SELECT n.old_path FROM keys k JOIN notices n ON n.user_id = k.user_id WHERE k.id = $2 AND n.repository = $3)`
)

// counterExpiry is the server's default.
const counterExpiry = 600 * time.Second

type floorPush struct {
	GLRepository string   `json:"gl_repository"`
	Identifier   string   `json:"identifier"`
	Changes      string   `json:"changes"`
	Options      []string `json:"push_options"`
}

type floorIncreased struct {
	Increased bool `json:"reference_counter_increased"`
}

type floorReport struct {
	Messages  []floorMessage `json:"messages"`
	Decreased bool           `json:"reference_counter_decreased"`
}

type floorMessage struct {
	Message string `json:"message"`
	Type    string `json:"type"`
}

func floorPreReceive(db floorDatabase) gin.HandlerFunc {
	return func(c *gin.Context) {
		var in floorPush
		err := c.ShouldBindJSON(&in)
		now := time.Now().UTC()
		if err == nil {
			err = db.exec(c.Request.Context(), increaseCounter, []byte(in.GLRepository), now.Add(counterExpiry), now)
		}
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		c.JSON(http.StatusOK, floorIncreased{true})
	}
}

func floorPostReceive(db floorDatabase) gin.HandlerFunc {
	return func(c *gin.Context) {
		var in floorPush
		err := c.ShouldBindJSON(&in)
		if err == nil {
			err = in.record(c, db)
		}
		var report floorReport
		if err == nil {
			report, err = in.report(c, db)
		}
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		c.JSON(http.StatusOK, report)
	}
}

// record keeps the push with its job and decreases the counter, in one transaction.
func (in floorPush) record(c *gin.Context, db floorDatabase) error {
	ctx, now, repository := c.Request.Context(), time.Now().UTC(), []byte(in.GLRepository)
	return db.atomically(ctx, func(tx floorTx) error {
		push, err := tx.insert(ctx, addPush, repository, []byte(in.Identifier), []byte(in.Changes), now)
		if err != nil {
			return err
		}
		args, err := json.Marshal(map[string]int64{"subject": push})
		if err == nil {
			err = tx.exec(ctx, addJob, args, string(pushes.PushReceived), application.MaxAttempts)
		}
		if err == nil {
			err = tx.exec(ctx, markNotEmpty, projectOf(in.GLRepository))
		}
		if err == nil {
			err = tx.exec(ctx, decreaseCounter, repository, now)
		}
		return err
	})
}

// report tells the pusher the banner, and where the project was before.
func (in floorPush) report(c *gin.Context, db floorDatabase) (floorReport, error) {
	key, err := strconv.ParseInt(strings.TrimPrefix(in.Identifier, "key-"), 10, 64)
	if err != nil {
		return floorReport{}, err
	}
	var banner, oldPath *string
	err = db.queryRow(c.Request.Context(), pushMessages, time.Now().UTC(), key, in.GLRepository).Scan(&banner, &oldPath)
	if err != nil {
		return floorReport{}, err
	}
	out := floorReport{Messages: []floorMessage{}, Decreased: true}
	for _, text := range []*string{banner, oldPath} {
		if text != nil {
			out.Messages = append(out.Messages, floorMessage{*text, "basic"})
		}
	}
	return out, nil
}

// projectOf returns the number in the name of a repository; 0 if it names no project's code.
func projectOf(repository string) int64 {
	number, _ := strings.CutPrefix(repository, "project-")
	id, _ := strconv.ParseInt(number, 10, 64)
	return id
}

// branchOf returns the branch of the first change.
func branchOf(changes string) string {
	line, _, _ := strings.Cut(changes, "\n")
	_, branch, _ := strings.Cut(line, " refs/heads/")
	return branch
}
