package gitaly

import (
	"context"

	"gatehouse/application/gitaccess"
	"gatehouse/domain/source"
)

// Absent stands in where no Gitaly is connected: every answer is unknown.
type Absent struct{}

// Answers returns source.Unknown for each question and never fails.
func (Absent) Answers(_ context.Context, _ gitaccess.Place, questions []source.Question) (map[source.Question]source.Answer, error) {
	answers := make(map[source.Question]source.Answer, len(questions))
	for _, q := range questions {
		answers[q] = source.Unknown
	}
	return answers, nil
}
